import { type CreateContender, ortContender } from '../measure/index.ts'
import { importOrt } from './project.ts'

export const create: CreateContender = async (options) => {
  const ort = (await importOrt('onnxruntime-web')) as Awaited<ReturnType<typeof importOrt>> & {
    readonly env: { readonly wasm: { numThreads?: number } }
  }
  ort.env.wasm.numThreads = options.threads
  return ortContender(ort, options, { executionProviders: ['wasm'] })
}
