import type { OrtLibrary } from '@mobileone/backend-ort'
import { type CreateContender, type LibrarySource, loadSource } from '../contender.ts'
import { ortContender } from './ort-contender.ts'

/** `ort-webgpu`: ONNX Runtime's execution provider of that name. `lib` is onnxruntime-web/webgpu. */
export function ortWebgpu(lib: LibrarySource<OrtLibrary>): CreateContender {
  return async (options) => {
    const ort = await loadSource(lib)
    ort.env.wasm.numThreads = options.threads
    ort.env.wasm.wasmPaths = `${options.assets}onnxruntime-web/dist/`
    return ortContender(ort, options, { executionProviders: ['webgpu'] })
  }
}
