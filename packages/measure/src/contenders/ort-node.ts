import type { OrtLibrary } from '@mobileone/backend-ort'
import type { LibrarySource } from '@mobileone/core'
import type { CreateContender } from '../contender.ts'
import { importOrt, ortContender } from './ort-contender.ts'

/** `ort-node`: ONNX Runtime's native code. `lib` is onnxruntime-node. */
export function ortNode(lib: LibrarySource<OrtLibrary>): CreateContender {
  return async (options) =>
    ortContender(await importOrt(lib, 'ort-node', 'onnxruntime-node'), options, {
      executionProviders: ['cpu'],
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
    })
}
