import type { Tfjs } from '@mobileone/backend-tfjs'
import { importLibrary, type LibrarySource, MobileOneError } from '@mobileone/core'
import type { CreateContender } from '../contender.ts'
import { tfjsContender } from './tfjs-contender.ts'

/** @tensorflow/tfjs-core, and the part of @tensorflow/tfjs-backend-wasm that is used. */
export interface TfjsWasmLibraries {
  readonly tf: Tfjs
  readonly wasm: {
    setWasmPaths(prefix: string): void
    setThreadsCount(threads: number): void
  }
}

/** `tfjs-wasm`: TensorFlow.js's WebAssembly backend, whose files are under `assets`. */
export function tfjsWasm(libs: LibrarySource<TfjsWasmLibraries>): CreateContender {
  return async (options) => {
    const { tf, wasm } = await importLibrary(libs, {
      backend: 'tfjs-wasm',
      packages: '@tensorflow/tfjs-core and @tensorflow/tfjs-backend-wasm, as { tf, wasm }',
      example:
        "async () => ({ tf: await import('@tensorflow/tfjs-core'), wasm: await import('@tensorflow/tfjs-backend-wasm') })",
      matches: ({ tf, wasm }) =>
        typeof tf?.setBackend === 'function' && typeof wasm?.setWasmPaths === 'function',
    })
    wasm.setWasmPaths(`${options.assets}@tensorflow/tfjs-backend-wasm/wasm-out/`)
    if (options.threads === 1) tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
    else if (await tf.env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT')) wasm.setThreadsCount(options.threads)
    else {
      throw new MobileOneError(
        'unavailable',
        'tfjs-backend-wasm has threads only in cross-origin isolated pages',
      )
    }
    if (!(await tf.setBackend('wasm'))) {
      throw new MobileOneError('unavailable', 'tfjs-backend-wasm does not start here')
    }
    return tfjsContender(tf, options)
  }
}
