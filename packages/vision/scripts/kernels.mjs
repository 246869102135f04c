/** Compile assembly/ into src/generated/resizeKernel.ts: WebAssembly, deflated, as base64. */
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileKernels, embedKernels } from '../../../tooling/kernels.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const generated = join(root, 'src/generated')
const LIMIT = 4 * 1024

const wasm = await compileKernels({ root, name: 'resizeKernel', limit: LIMIT })
mkdirSync(generated, { recursive: true })
embedKernels(generated, 'resizeKernel', wasm)
