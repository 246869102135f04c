/**
 * `prepack` and `postpack` of every package: npm packs package.json as it lies there, so while npm packs, what users get lies
 * there. pnpm (and `changeset publish`, which calls it) makes the published manifest itself, from `publishConfig`.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { published, publishedPackages } from './manifests.mjs'

const path = join(process.cwd(), 'package.json')
const kept = join(process.cwd(), 'node_modules/.package.json')

if (process.argv[2] === 'restore') {
  if (existsSync(kept)) renameSync(kept, path)
} else if (!process.env.npm_config_user_agent?.startsWith('pnpm/')) {
  // A pack that was killed left the original here.
  const text = readFileSync(existsSync(kept) ? kept : path, 'utf8')
  const versions = Object.fromEntries(
    publishedPackages().map(({ manifest }) => [manifest.name, manifest.version]),
  )
  mkdirSync(join(process.cwd(), 'node_modules'), { recursive: true })
  writeFileSync(kept, text)
  writeFileSync(path, `${JSON.stringify(published(JSON.parse(text), versions), undefined, 2)}\n`)
}
