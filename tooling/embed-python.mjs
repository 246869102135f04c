/**
 * `node ../../tooling/embed-python.mjs plan-scripts`, in the folder of a package: embed its python/ in src/generated/plan-scripts.ts, as the
 * texts of its files by name, exported as `planScripts`. Nothing is substituted in them: what differs between plans is in the plan.json
 * that the scripts read.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('name the file to write, without its ending, as plan-scripts')
const constant = file.replace(/-(\w)/g, (_, letter) => letter.toUpperCase())
const [sources, generated] = ['python', 'src/generated']

const names = readdirSync(sources)
  .filter((name) => name.endsWith('.py'))
  .sort()
const type = names.map((name) => `'${name}'`).join(' | ')
const texts = names.map(
  (name) => `  '${name}': ${JSON.stringify(readFileSync(join(sources, name), 'utf8'))},\n`,
)

mkdirSync(generated, { recursive: true })
writeFileSync(
  join(generated, `${file}.ts`),
  `export const ${constant}: Readonly<Record<${type}, string>> = {\n${texts.join('')}}\n`,
)
console.log(`${file}: ${names.join(', ')}`)
