import type { OrtLibrary } from '@mobileone/backend-ort'
import type { LibrarySource } from '@mobileone/core'
import type { CreateContender } from '../contender.ts'
import { importOrt, ortContender } from './ort-contender.ts'

/** `ort-webgpu`: ONNX Runtime's execution provider of that name. `lib` is onnxruntime-web/webgpu. */
export function ortWebgpu(lib: LibrarySource<OrtLibrary>): CreateContender {
  return async (options) => {
    const ort = await importOrt(lib, 'ort-webgpu', 'onnxruntime-web/webgpu')
    ort.env.wasm.numThreads = options.threads
    ort.env.wasm.wasmPaths = `${options.assets}onnxruntime-web/dist/`
    return ortContender(ort, options, { executionProviders: ['webgpu'] })
  }
}
