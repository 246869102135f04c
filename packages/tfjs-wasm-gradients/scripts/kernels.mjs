/** Compile assembly/ into src/generated/kernels.ts: WebAssembly, deflated, as base64. */
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileKernels, embedKernels } from '../../../tooling/kernels.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const generated = join(root, 'src/generated')
const LIMIT = 48 * 1024

const wasm = await compileKernels({ root, name: 'kernels', limit: LIMIT })
const segments = sections(wasm)
// The memory is tfjs's: data of ours would overwrite its own.
if (segments.includes(11))
  throw new Error('kernels.wasm has data segments; the kernels must have no static data')

mkdirSync(generated, { recursive: true })
embedKernels(generated, 'kernels', wasm)

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
