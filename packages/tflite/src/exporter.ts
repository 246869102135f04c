import type { Exporter } from '@mobileone/core'
import { toTflite } from './to-tflite.ts'

/** The TensorFlow Lite exporter: {@link toTflite} behind the exporter contract. */
export function tflite(): Exporter {
  return {
    specVersion: 1,
    format: 'tflite',
    extension: 'tflite',
    export: (model) => toTflite(model),
  }
}
