/** Embeds each `swift/<name>.swift` as the text `swift` of `src/generated/<name>.ts`. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const [sources, generated] = [join(root, 'swift'), join(root, 'src/generated')]

rmSync(generated, { recursive: true, force: true })
mkdirSync(generated, { recursive: true })
for (const file of readdirSync(sources).filter((name) => name.endsWith('.swift'))) {
  const text = readFileSync(join(sources, file), 'utf8')
  const name = basename(file, '.swift')
  writeFileSync(join(generated, `${name}.ts`), `export const swift: string = ${JSON.stringify(text)}\n`)
}
