import { MobileOneError } from '@mobileone/core'
import { registerWasmGradients, shareClones } from '@mobileone/tfjs-wasm-gradients'
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url'
import * as tf from '@tensorflow/tfjs-core'
// @ts-expect-error: the declarations of TensorFlow.js leave out this module.
import '@tensorflow/tfjs-core/dist/register_all_gradients'
import type { Tfjs } from '@mobileone/train'

let started: Promise<Tfjs> | undefined

/**
 * TensorFlow.js on its wasm backend, on this thread alone, with the gradients it lacks. Its threads would be workers from blobs, which
 * the policy of the page forbids, so each run of training has one worker.
 * @throws MobileOneError `unavailable` where WebAssembly SIMD is missing or the backend could not be loaded.
 */
export function startTfjs(): Promise<Tfjs> {
  started ??= start()
  started.catch(() => {
    started = undefined
  })
  return started
}

async function start(): Promise<Tfjs> {
  const address = new URL(simd, location.href).href
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
  setWasmPaths({
    'tfjs-backend-wasm.wasm': address,
    'tfjs-backend-wasm-simd.wasm': address,
    'tfjs-backend-wasm-threaded-simd.wasm': address,
  })
  await registerWasmGradients(tf)
  shareClones(tf)
  const isThere = await tf.setBackend('wasm').catch(() => false)
  if (!isThere) {
    throw new MobileOneError(
      'unavailable',
      'TensorFlow.js could not be started: its WebAssembly file did not load; check the connection, reload the page and try again',
    )
  }
  return tf
}
