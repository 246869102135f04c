import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import { loadGraphModel } from '@tensorflow/tfjs-converter'
import * as tf from '@tensorflow/tfjs-core'
import { best, pixels, vendor } from './page.ts'

globalThis.classify = async (model, picture) => {
  setWasmPaths(`${vendor}@tensorflow/tfjs-backend-wasm/wasm-out/`)
  setThreadsCount(1)
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
  await tf.setBackend('wasm')
  const graph = await loadGraphModel(model)
  const output = graph.predict(tf.tensor(pixels(picture, 'NHWC'), [1, 224, 224, 3])) as tf.Tensor
  return best((await output.data()) as Float32Array)
}
