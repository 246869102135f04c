import type { OrtLibrary } from '@mobileone/backend-ort'
import { type CreateContender, type LibrarySource, loadSource } from '../contender.ts'
import { ortContender } from './ort-contender.ts'

/** `ort-wasm`: ONNX Runtime's WebAssembly. `lib` is onnxruntime-web, whose files a page serves under `assets`. */
export function ortWasm(lib: LibrarySource<OrtLibrary>): CreateContender {
  return async (options) => {
    const ort = await loadSource(lib)
    ort.env.wasm.numThreads = options.threads
    if (typeof document === 'object') ort.env.wasm.wasmPaths = `${options.assets}onnxruntime-web/dist/`
    return ortContender(ort, options, { executionProviders: ['wasm'] })
  }
}
