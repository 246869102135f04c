import type { CreateContender } from '@mobileone/cli/measure'
import type { Model } from '@mobileone/core'
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import { fusedGraph, type TfjsGraph } from './tfjs-graph.ts'

export const create: CreateContender = async ({ threads, assets, inputShape }) => {
  setWasmPaths(`${assets}@tensorflow/tfjs-backend-wasm/wasm-out/`)
  if (threads === 1) tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
  else if (!(await tf.env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT'))) {
    throw new Error('tfjs-backend-wasm has threads only in cross-origin isolated pages')
  } else setThreadsCount(threads)
  if (!(await tf.setBackend('wasm'))) throw new Error('tfjs-backend-wasm does not start here')

  const [batch = 1, channels = 1, height = 1, width = 1] = inputShape
  const shape: [number, number, number, number] = [batch, height, width, channels]
  let graph: TfjsGraph | undefined
  return {
    async load(source) {
      if (source instanceof Uint8Array) throw new Error('this one is built from a model, not from a file')
      graph?.dispose()
      graph = fusedGraph(source as Model)
    },
    async run(input) {
      if (!graph) throw new Error('load a model first')
      const logits = tf.tidy(() => graph!.run(tf.tensor4d(input, shape)))
      const data = Float32Array.from(await logits.data<'float32'>())
      logits.dispose()
      return data
    },
    async dispose() {
      graph?.dispose()
      graph = undefined
    },
  }
}
