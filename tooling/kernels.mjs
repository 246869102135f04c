/** Compiles the AssemblyScript kernels of a package to WebAssembly, and embeds them in a module of its JavaScript. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import asc from 'assemblyscript/asc'

/**
 * Level 1 and the passes that remove what inlining with constants leaves dead. At level 3 Binaryen flattens and then sinks
 * a multiply-add into the next one on the same sum, which doubles the weights that are live at a time: V8 spills, and the
 * product falls from 95 to 75 % of the peak. Level 2 is as fast as this, but deflates to 40 % more.
 */
const PASSES =
  'inlining,precompute-propagate,dce,vacuum,remove-unused-brs,reorder-locals,vacuum,optimize-instructions,simplify-locals-nonesting,vacuum'

/**
 * The bytes of `assembly/index.ts` of the package at `root`, which imports its memory.
 * @throws Error for sources that do not compile, and for more than `limit` bytes.
 */
export async function compileKernels({ root, name, limit, features = [] }) {
  let wasm
  const enabled = ['simd', 'bulk-memory', ...features].flatMap((feature) => ['--enable', feature])
  const { error, stderr } = await asc.main(
    [
      'assembly/index.ts',
      ...['--outFile', 'kernels.wasm', '--runtime', 'stub', '--noAssert', '--use', 'abort='],
      ...['-O1', '--runPasses', PASSES, '--importMemory', '--maximumMemory', '65536', ...enabled],
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
  if (wasm.length > limit) throw new Error(`${name}.wasm has ${wasm.length} bytes; the limit is ${limit}`)
  return wasm
}

/** Write `<name>.ts` into `folder`: `wasm` deflated, as base64, under that name. */
export function embedKernels(folder, name, wasm) {
  const deflated = smallest([5, 6, 7, 8, 9].map((memLevel) => deflateRawSync(wasm, { level: 9, memLevel })))
  const base64 = deflated.toString('base64')
  writeFileSync(join(folder, `${name}.ts`), `export const ${name}: string =\n  '${base64}'\n`)
  console.log(`${name}.wasm: ${wasm.length} bytes, ${deflated.length} deflated`)
}

/** Where a block of zlib ends depends on its memory level, and no level is best for all data. */
function smallest(candidates) {
  return candidates.reduce((least, bytes) => (bytes.length < least.length ? bytes : least))
}
