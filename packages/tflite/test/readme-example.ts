import { type Model, reparameterize } from '@mobileone/core'
import { toTflite } from '@mobileone/tflite'

export function write(model: Model): Uint8Array {
  return toTflite(reparameterize(model))
}
