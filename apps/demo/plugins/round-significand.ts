import type { Model } from '@mobileone/core'

/** Of a float32, the one before the point included. */
const significandBits = 24

/**
 * `model` with the weights of convolutions and of the classifier rounded to `kept` significant bits; biases stay. In float16, which has 11,
 * the rest of every weight is then 0, which a compressor leaves out.
 */
export function roundSignificands(model: Model, kept: number): Model {
  const weights = Object.entries(model.weights).map(([name, weight]) => {
    if (weight.dtype !== 'float32' || weight.shape.length < 2) return [name, weight] as const
    return [name, { ...weight, data: roundToBits(weight.data, kept) }] as const
  })
  return { ...model, weights: Object.fromEntries(weights) }
}

/** Each value rounded to `kept` significant bits, to nearest and ties to even. */
export function roundToBits(values: Float32Array, kept: number): Float32Array {
  const rounded = values.slice()
  const bits = new Uint32Array(rounded.buffer)
  const dropped = significandBits - kept
  const half = 2 ** (dropped - 1) - 1
  const mask = -(2 ** dropped)
  for (const [index, pattern] of bits.entries()) {
    bits[index] = (pattern + half + ((pattern >>> dropped) & 1)) & mask
  }
  return rounded
}
