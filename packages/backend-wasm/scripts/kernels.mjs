/** Compile into src/generated: build.ts (hash of the sources), relaxed.ts and plain.ts (deflated, base64), worker.ts. */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { compileKernels, embedKernels } from '../../../tooling/kernels.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const generated = join(root, 'src/generated')
const LIMIT = 40 * 1024

const sources = readdirSync(join(root, 'assembly'))
  .filter((file) => file.endsWith('.ts'))
  .sort()
  .map((file) => `assembly/${file}`)
const hash = createHash('sha256')
for (const file of ['src/abi.ts', ...sources, 'scripts/kernels.mjs', '../../tooling/kernels.mjs'])
  hash.update(readFileSync(join(root, file)))
const build = hash.digest().readUInt32LE(0) & 0x7fffffff

mkdirSync(generated, { recursive: true })
writeFileSync(join(generated, 'build.ts'), `export const BUILD = ${build}\n`)

for (const [name, features] of [
  ['relaxed', ['relaxed-simd']],
  ['plain', []],
]) {
  embedKernels(generated, name, await compileKernels({ root, name, limit: LIMIT, features }))
}

const { outputText } = ts.transpileModule(readFileSync(join(root, 'src/team.ts'), 'utf8'), {
  compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, removeComments: true },
})
const worker = `((exports) => {\n${outputText}\nexports.serve()\n})({})\n`
writeFileSync(join(generated, 'worker.ts'), `export const worker: string = ${JSON.stringify(worker)}\n`)
