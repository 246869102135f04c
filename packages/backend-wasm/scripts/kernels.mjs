/** Compile into src/generated: build.ts (hash of the sources), relaxed.ts and plain.ts (deflated, base64), worker.ts. */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deflateRawSync } from 'node:zlib'
import asc from 'assemblyscript/asc'
import ts from 'typescript'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const generated = join(root, 'src/generated')
const LIMIT = 40 * 1024

/**
 * Level 1 and the passes that remove what inlining with constants leaves dead. At level 3 Binaryen flattens and then sinks
 * a multiply-add into the next one on the same sum, which doubles the weights that are live at a time: V8 spills, and the
 * product falls from 95 to 75 % of the peak. Level 2 is as fast as this and a fifth smaller, but compresses half as well.
 */
const PASSES = 'inlining,precompute-propagate,dce,vacuum,remove-unused-brs,reorder-locals,vacuum'

const sources = readdirSync(join(root, 'assembly'))
  .filter((file) => file.endsWith('.ts'))
  .sort()
  .map((file) => `assembly/${file}`)
const hash = createHash('sha256')
for (const file of ['src/abi.ts', ...sources, 'scripts/kernels.mjs'])
  hash.update(readFileSync(join(root, file)))
const build = hash.digest().readUInt32LE(0) & 0x7fffffff

mkdirSync(generated, { recursive: true })
writeFileSync(join(generated, 'build.ts'), `export const BUILD = ${build}\n`)

for (const [name, extra] of [
  ['relaxed', ['relaxed-simd']],
  ['plain', []],
]) {
  let wasm
  const features = ['simd', 'bulk-memory', ...extra].flatMap((feature) => ['--enable', feature])
  const { error, stderr } = await asc.main(
    [
      'assembly/index.ts',
      ...['--outFile', 'kernels.wasm', '--runtime', 'stub', '--noAssert', '--use', 'abort='],
      ...['-O1', '--runPasses', PASSES, '--importMemory', '--maximumMemory', '65536', ...features],
    ],
    {
      readFile: (file, base) => {
        try {
          return readFileSync(join(base.startsWith('/') ? '' : root, base, file), 'utf8')
        } catch {
          return null
        }
      },
      writeFile: (_file, contents) => {
        wasm = contents
      },
      listFiles: () => [],
    },
  )
  if (error) throw new Error(`${name}: ${error.message}\n${stderr.toString()}`)
  if (wasm.length > LIMIT) throw new Error(`${name}.wasm has ${wasm.length} bytes; the limit is ${LIMIT}`)
  const deflated = deflateRawSync(wasm, { level: 9 })
  const base64 = deflated.toString('base64')
  writeFileSync(join(generated, `${name}.ts`), `export const ${name}: string =\n  '${base64}'\n`)
  console.log(`${name}.wasm: ${wasm.length} bytes, ${deflated.length} deflated`)
}

const { outputText } = ts.transpileModule(readFileSync(join(root, 'src/team.ts'), 'utf8'), {
  compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, removeComments: true },
})
const worker = `((exports) => {\n${outputText}\nexports.serve()\n})({})\n`
writeFileSync(join(generated, 'worker.ts'), `export const worker: string = ${JSON.stringify(worker)}\n`)
