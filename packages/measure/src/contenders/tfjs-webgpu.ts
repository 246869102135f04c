import type { Tfjs } from '@mobileone/backend-tfjs'
import { MobileOneError } from '@mobileone/core'
import { type CreateContender, type LibrarySource, loadSource } from '../contender.ts'
import { tfjsContender } from './tfjs-contender.ts'

/** `tfjs-webgpu`: `lib` is @tensorflow/tfjs-core, with @tensorflow/tfjs-backend-webgpu imported beside it. */
export function tfjsWebgpu(lib: LibrarySource<Tfjs>): CreateContender {
  return async (options) => {
    const tf = await loadSource(lib)
    if (!(await tf.setBackend('webgpu'))) {
      throw new MobileOneError('unavailable', 'tfjs-backend-webgpu does not start here')
    }
    return tfjsContender(tf, options)
  }
}
