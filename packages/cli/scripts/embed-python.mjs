/**
 * Embed python/ in src/generated/plan-scripts.ts, as the texts of its files by name. Nothing is substituted in them: what
 * differs between plans is in the plan.json that the scripts read.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const sources = join(root, 'python')
const generated = join(root, 'src/generated')

const names = readdirSync(sources)
  .filter((name) => name.endsWith('.py'))
  .sort()
const type = names.map((name) => `'${name}'`).join(' | ')
const texts = names.map(
  (name) => `  '${name}': ${JSON.stringify(readFileSync(join(sources, name), 'utf8'))},\n`,
)

mkdirSync(generated, { recursive: true })
writeFileSync(
  join(generated, 'plan-scripts.ts'),
  `export const planScripts: Readonly<Record<${type}, string>> = {\n${texts.join('')}}\n`,
)
console.log(`plan-scripts: ${names.join(', ')}`)
