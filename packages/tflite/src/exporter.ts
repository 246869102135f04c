import type { Exporter } from '@mobileone/core'
import type { TfliteOptions } from './options.ts'
import { toTflite } from './to-tflite.ts'

/** The TensorFlow Lite exporter: {@link toTflite} behind the exporter contract. */
export function tflite(): Exporter<TfliteOptions> {
  return {
    specVersion: 1,
    format: 'tflite',
    endings: ['.tflite'],
    description: 'TensorFlow Lite with NHWC tensors, for LiteRT and MediaPipe; deploy forms only',
    readsCard: true,
    options: {
      storage: {
        kind: 'choice',
        choices: ['float32', 'float16'],
        default: 'float32',
        description: 'Element type of the weights in the file',
      },
      softmax: { kind: 'switch', description: 'End in probabilities instead of logits' },
      preprocess: { kind: 'switch', description: 'Take pixels of 0..255 and normalise them in the graph' },
    },
    export: (model, options, fileName = `${model.name}.tflite`) => [
      { path: fileName, bytes: toTflite(model, options) },
    ],
  }
}
