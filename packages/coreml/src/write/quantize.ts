import { elementCount, type Tensor } from '@mobileone/core'
import { float16ToFloat32, float32ToFloat16 } from '@mobileone/core/half'

export interface Quantized {
  readonly data: Int8Array
  /** One float16 per output channel (axis 0). */
  readonly scale: Uint16Array
}

/**
 * Symmetric int8 of each output channel: `weight = scale * data`, data in -127..127, with the scale rounded to float16
 * first, so that the data fit the scale that is stored.
 */
export function quantize(weight: Tensor): Quantized {
  const channels = weight.shape[0] as number
  const size = elementCount(weight.shape.slice(1))
  const largest = new Float32Array(channels)
  for (let channel = 0, index = 0; channel < channels; channel++) {
    let most = 0
    for (const end = index + size; index < end; index++) {
      const magnitude = Math.abs(weight.data[index] as number)
      if (magnitude > most) most = magnitude
    }
    largest[channel] = most
  }
  const scale = float32ToFloat16(largest.map((value) => value / 127))
  const rounded = float16ToFloat32(scale)
  for (let channel = 0; channel < channels; channel++) {
    const all = largest[channel] as number
    if (all === 0) scale[channel] = 0x3c00
    else if ((rounded[channel] as number) * 127.5 < all) scale[channel] = (scale[channel] as number) + 1
  }
  const stored = float16ToFloat32(scale)
  const data = new Int8Array(weight.data.length)
  for (let channel = 0, index = 0; channel < channels; channel++) {
    const step = stored[channel] as number
    for (const end = index + size; index < end; index++) {
      const quotient = Math.round((weight.data[index] as number) / step)
      data[index] = Math.max(-127, Math.min(127, quotient))
    }
  }
  return { data, scale }
}
