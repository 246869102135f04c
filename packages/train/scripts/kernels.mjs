/** Compile assembly/ into src/generated/kernels.ts: WebAssembly, deflated, as base64. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deflateRawSync } from 'node:zlib'
import asc from 'assemblyscript/asc'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const generated = join(root, 'src/generated')
const LIMIT = 48 * 1024

/** Level 1 and the passes that remove what inlining with constants leaves dead; at higher levels V8 spills. */
const PASSES = 'inlining,precompute-propagate,dce,vacuum,remove-unused-brs,reorder-locals,vacuum'

let wasm
const { error, stderr } = await asc.main(
  [
    'assembly/index.ts',
    ...['--outFile', 'kernels.wasm', '--runtime', 'stub', '--noAssert', '--use', 'abort='],
    ...['-O1', '--runPasses', PASSES, '--importMemory', '--maximumMemory', '65536'],
    ...['--enable', 'simd', '--enable', 'bulk-memory'],
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
    listFiles: () => readdirSync(join(root, 'assembly')),
  },
)
if (error) throw new Error(`${error.message}\n${stderr.toString()}`)
if (wasm.length > LIMIT) throw new Error(`kernels.wasm has ${wasm.length} bytes; the limit is ${LIMIT}`)
const segments = sections(wasm)
// The memory is tfjs's: data of ours would overwrite its own.
if (segments.includes(11))
  throw new Error('kernels.wasm has data segments; the kernels must have no static data')

const deflated = deflateRawSync(wasm, { level: 9 })
mkdirSync(generated, { recursive: true })
writeFileSync(
  join(generated, 'kernels.ts'),
  `export const kernels: string =\n  '${deflated.toString('base64')}'\n`,
)
console.log(`kernels.wasm: ${wasm.length} bytes, ${deflated.length} deflated`)

/** The ids of a module's sections. */
function sections(bytes) {
  const ids = []
  let at = 8
  while (at < bytes.length) {
    ids.push(bytes[at++])
    let size = 0
    let shift = 0
    let byte
    do {
      byte = bytes[at++]
      size |= (byte & 127) << shift
      shift += 7
    } while (byte & 128)
    at += size
  }
  return ids
}
