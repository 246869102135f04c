import type { Model } from '@mobileone/core'

/**
 * `model` with the weights of convolutions and of the classifier rounded to 8 significant bits, to nearest and ties to even, as bfloat16
 * has them; biases stay. In float16 three bits of every weight are then 0, which a compressor leaves out.
 */
export function roundSignificands(model: Model): Model {
  const weights = Object.entries(model.weights).map(([name, weight]) => {
    if (weight.dtype !== 'float32' || weight.shape.length < 2) return [name, weight] as const
    return [name, { ...weight, data: roundToBfloat16(weight.data) }] as const
  })
  return { ...model, weights: Object.fromEntries(weights) }
}

/** Each value rounded to the nearest that bfloat16 has. */
export function roundToBfloat16(values: Float32Array): Float32Array {
  const rounded = values.slice()
  const bits = new Uint32Array(rounded.buffer)
  for (const [index, pattern] of bits.entries()) {
    bits[index] = (pattern + 0x7fff + ((pattern >>> 16) & 1)) & 0xffff0000
  }
  return rounded
}
