import '@tensorflow/tfjs-backend-webgpu'
import { loadGraphModel } from '@tensorflow/tfjs-converter'
import * as tf from '@tensorflow/tfjs-core'
import { best, pixels } from './page.ts'

globalThis.classify = async (model, picture) => {
  await tf.setBackend('webgpu')
  const graph = await loadGraphModel(model)
  const output = graph.predict(tf.tensor(pixels(picture, 'NHWC'), [1, 224, 224, 3])) as tf.Tensor
  return best((await output.data()) as Float32Array)
}
