import type { OrtLibrary } from '@mobileone/backend-ort'
import { type CreateContender, type LibrarySource, loadSource } from '../contender.ts'
import { ortContender } from './ort-contender.ts'

/** `ort-node`: ONNX Runtime's native code. `lib` is onnxruntime-node. */
export function ortNode(lib: LibrarySource<OrtLibrary>): CreateContender {
  return async (options) =>
    ortContender(await loadSource(lib), options, {
      executionProviders: ['cpu'],
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
    })
}
