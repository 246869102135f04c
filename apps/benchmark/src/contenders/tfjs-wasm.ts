import type { CreateContender } from '@mobileone/cli/measure'
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import { graphContender } from './tfjs-graph.ts'

export const create: CreateContender = async (options) => {
  const { threads, assets } = options
  setWasmPaths(`${assets}@tensorflow/tfjs-backend-wasm/wasm-out/`)
  if (threads === 1) tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
  else if (!(await tf.env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT'))) {
    throw new Error('tfjs-backend-wasm has threads only in cross-origin isolated pages')
  } else setThreadsCount(threads)
  if (!(await tf.setBackend('wasm'))) throw new Error('tfjs-backend-wasm does not start here')
  return graphContender(options)
}
