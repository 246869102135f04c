import type { Exporter } from '@mobileone/core'
import { toTflite } from './to-tflite.ts'

/** The TensorFlow Lite exporter: {@link toTflite} behind the exporter contract. It has no options. */
export function tflite(): Exporter<Record<never, never>> {
  return {
    specVersion: 1,
    format: 'tflite',
    endings: ['.tflite'],
    description: 'TensorFlow Lite with NHWC float32 tensors, for LiteRT; deploy forms only',
    options: {},
    export: (model, _, fileName = `${model.name}.tflite`) => [{ path: fileName, bytes: toTflite(model) }],
  }
}
