import { float16ToFloat32, float32ToFloat16 } from '../half.ts'
import { elementCount, type QuantizedTensor, type Tensor } from '../model/tensor.ts'

const [lowest, highest] = [-128, 127]

/**
 * Affine int8 of each output channel (axis 0), without data: the 256 levels span the channel's smallest and largest weight, with
 * the scale rounded to float16 first, so that no storage of it changes the levels. Weights go to the nearest level, and then as
 * few as it takes, those closest to the middle of two levels, go to the other one, until the errors of the channel sum to less
 * than half a level: after a ReLU inputs are positive, so errors of one sign would shift the whole channel. That is the
 * channel-wise step of SQuant (Guo et al., ICLR 2022, arXiv 2202.07471).
 */
export function quantizeWeight(weight: Tensor): QuantizedTensor {
  const channels = weight.shape[0] as number
  const size = elementCount(weight.shape.slice(1))
  const data = new Int8Array(weight.data.length)
  const zeroPoints = new Int8Array(channels)
  const scales = new Float32Array(channels)
  for (let channel = 0; channel < channels; channel++) {
    const [start, end] = [channel * size, (channel + 1) * size]
    const row = weight.data.subarray(start, end)
    const { step, zero } = levels(row)
    scales[channel] = step
    zeroPoints[channel] = zero
    roundBalanced(row, step, zero, data.subarray(start, end))
  }
  return { dtype: 'int8', shape: weight.shape, data, scales, zeroPoints }
}

/** The float16 step, and the level of 0, with which 256 levels reach from the smallest to the largest weight. */
function levels(row: Float32Array): { readonly step: number; readonly zero: number } {
  let [least, most] = [0, 0]
  for (const value of row) {
    if (value < least) least = value
    if (value > most) most = value
  }
  const range = most - least
  if (range === 0) return { step: 1, zero: 0 }
  let [bits = 0] = float32ToFloat16(Float32Array.of(range / (highest - lowest)))
  // Too small a step would cut off more than half a level; 0 is no step.
  if (toNumber(bits) * (highest - lowest + 0.5) < range) bits++
  const step = toNumber(bits)
  return { step, zero: clamp(Math.round(lowest - least / step)) }
}

/** Round `row / step + zero` into `levels`, with errors that sum to at most half a level where clamping allows it. */
function roundBalanced(row: Float32Array, step: number, zero: number, levels: Int8Array): void {
  const errors = new Float64Array(row.length)
  let sum = 0
  for (let index = 0; index < row.length; index++) {
    const exact = (row[index] as number) / step + zero
    const level = clamp(Math.round(exact))
    levels[index] = level
    errors[index] = exact - level
    sum += exact - level
  }
  const flips = Math.round(Math.abs(sum))
  if (flips === 0) return
  const direction = Math.sign(sum)
  const end = direction > 0 ? highest : lowest
  // How much of a level each weight lacks in that direction, 0 where it cannot go further.
  for (let index = 0; index < row.length; index++) {
    errors[index] = levels[index] === end ? 0 : Math.max(0, direction * (errors[index] as number))
  }
  const least = errors.slice().sort()[Math.max(0, row.length - flips)] as number
  let ties = flips
  for (let index = 0; index < row.length; index++) if ((errors[index] as number) > least) ties--
  for (let index = 0; index < row.length; index++) {
    const error = errors[index] as number
    if (error > least || (error === least && error > 0 && ties-- > 0)) {
      levels[index] = (levels[index] as number) + direction
    }
  }
}

function clamp(level: number): number {
  return Math.max(lowest, Math.min(highest, level))
}

function toNumber(half: number): number {
  return float16ToFloat32(Uint16Array.of(half))[0] as number
}
