import { type Tfjs, type TfjsModel, toTfjs } from '@mobileone/backend-tfjs'
import { MobileOneError } from '@mobileone/core'
import { type Contender, type ContenderOptions, notLoaded } from '../contender.ts'
import { channelsLast } from '../layout.ts'

interface Loaded {
  readonly network: TfjsModel
  readonly inputName: string
  readonly outputName: string
}

/**
 * The current backend of TensorFlow.js over models: their fused operations, NHWC, weights uploaded once, which is what a converter
 * makes of them at best.
 */
export function tfjsContender(tf: Tfjs, { inputShape }: ContenderOptions): Contender {
  const shape = channelsLast(inputShape)
  let loaded: Loaded | undefined
  return {
    async load(source) {
      if (source instanceof Uint8Array) {
        throw new MobileOneError(
          'invalid-argument',
          'TensorFlow.js takes a model here, not the bytes of a file',
        )
      }
      loaded?.network.dispose()
      const [inputName = ''] = Object.keys(source.inputs)
      const [outputName = ''] = Object.keys(source.outputs)
      loaded = { network: toTfjs(source, tf), inputName, outputName }
    },
    async run(input) {
      if (!loaded) throw notLoaded()
      const { network, inputName, outputName } = loaded
      const outputs = tf.tidy(() => network({ [inputName]: tf.tensor(input, shape, 'float32') }))
      const logits = await outputs[outputName]?.data<'float32'>()
      tf.dispose(outputs)
      return Float32Array.from(logits ?? [])
    },
    async dispose() {
      loaded?.network.dispose()
      loaded = undefined
    },
  }
}
