import { type CreateContender, type OrtLibrary, ortContender } from '@mobileone/cli/measure'
import * as ort from 'onnxruntime-web/webgpu'

export const create: CreateContender = async (options) => {
  ort.env.wasm.numThreads = options.threads
  ort.env.wasm.wasmPaths = `${options.assets}onnxruntime-web/dist/`
  return ortContender(ort as unknown as OrtLibrary, options, { executionProviders: ['webgpu'] })
}
