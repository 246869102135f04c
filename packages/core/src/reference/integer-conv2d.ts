import { diagonalSteps, inverseSteps, toLevel } from '../model/integer-weight.ts'
import type { Conv2d } from '../model/model.ts'
import { elementCount, type QuantizedTensor, type Tensor, tensor } from '../model/tensor.ts'

const { fround } = Math

/** A pointwise convolution of [N, C, H, W] in integers, as `integer-weight.ts` defines it: the oracle of every int8 kernel. */
export function integerConv2d(
  { stride }: Conv2d,
  x: Tensor,
  weight: QuantizedTensor,
  bias: Tensor | undefined,
  shape: readonly number[],
): Tensor {
  const [batch = 0, outChannels = 0, outHeight = 0, outWidth = 0] = shape
  const [, channels = 0, height = 0, width = 0] = x.shape
  const inverse = inverseSteps(weight)
  const diagonal = diagonalSteps(weight)
  const levels = new Uint8Array(channels)
  const result = new Float32Array(elementCount(shape))
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        for (let c = 0; c < channels; c++) {
          const value = x.data[
            ((n * channels + c) * height + oy * stride[0]) * width + ox * stride[1]
          ] as number
          levels[c] = toLevel(value, inverse[c] as number)
        }
        for (let o = 0; o < outChannels; o++) {
          let sum = 0
          for (let c = 0; c < channels; c++) {
            sum += (weight.data[o * channels + c] as number) * (levels[c] as number)
          }
          const scaled = fround(fround(sum) * (weight.scales[o] as number))
          const own = diagonal ? fround((diagonal[o] as number) * (levels[o] as number)) : 0
          const at = ((n * outChannels + o) * outHeight + oy) * outWidth + ox
          result[at] = fround(fround(scaled + (bias?.data[o] ?? 0)) + own)
        }
      }
    }
  }
  return tensor(shape, result)
}
