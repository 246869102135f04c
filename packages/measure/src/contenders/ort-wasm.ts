import type { OrtLibrary } from '@mobileone/backend-ort'
import type { LibrarySource } from '@mobileone/core'
import type { CreateContender } from '../contender.ts'
import { importOrt, ortContender } from './ort-contender.ts'

/** `ort-wasm`: ONNX Runtime's WebAssembly. `lib` is onnxruntime-web, whose files a page serves under `assets`. */
export function ortWasm(lib: LibrarySource<OrtLibrary>): CreateContender {
  return async (options) => {
    const ort = await importOrt(lib, 'ort-wasm', 'onnxruntime-web')
    ort.env.wasm.numThreads = options.threads
    if (typeof document === 'object') ort.env.wasm.wasmPaths = `${options.assets}onnxruntime-web/dist/`
    return ortContender(ort, options, { executionProviders: ['wasm'] })
  }
}
