import type { Tfjs } from '@mobileone/backend-tfjs'
import { importLibrary, type LibrarySource, MobileOneError } from '@mobileone/core'
import type { CreateContender } from '../contender.ts'
import { tfjsContender } from './tfjs-contender.ts'

/** `tfjs-webgpu`: `lib` is @tensorflow/tfjs-core, with @tensorflow/tfjs-backend-webgpu imported beside it. */
export function tfjsWebgpu(lib: LibrarySource<Tfjs>): CreateContender {
  return async (options) => {
    const tf = await importLibrary(lib, {
      backend: 'tfjs-webgpu',
      packages: '@tensorflow/tfjs-core',
      example: "() => import('@tensorflow/tfjs-core')",
      matches: ({ setBackend }) => typeof setBackend === 'function',
    })
    if (!(await tf.setBackend('webgpu'))) {
      throw new MobileOneError('unavailable', 'tfjs-backend-webgpu does not start here')
    }
    return tfjsContender(tf, options)
  }
}
