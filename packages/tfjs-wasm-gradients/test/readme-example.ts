import { registerWasmGradients, shareClones } from '@mobileone/tfjs-wasm-gradients'
import * as tf from '@tensorflow/tfjs'
import '@tensorflow/tfjs-backend-wasm'

await tf.setBackend('wasm')
await registerWasmGradients(tf)
shareClones(tf)

const inputShape = [12, 12, 3]
const network = tf.sequential({
  layers: [
    tf.layers.conv2d({ inputShape, filters: 8, kernelSize: 3, strides: 2, activation: 'relu' }),
    tf.layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', activation: 'relu' }),
    tf.layers.globalAveragePooling2d({}),
    tf.layers.dense({ units: 1 }),
  ],
})
network.compile({ optimizer: tf.train.adam(0.01), loss: 'meanSquaredError' })

const images = tf.randomUniform([64, ...inputShape])
const brightness = tf.mean(images, [1, 2, 3]).reshape([64, 1])
const { history } = await network.fit(images, brightness, { epochs: 20, verbose: 0 })
console.log(history.loss)
