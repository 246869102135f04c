import { type Model, type QuantizedTensor, type Tensor, tensor, type Weight } from '@mobileone/core'
import { roundToFloat16 } from '@mobileone/core/half'

/**
 * `model` with pointwise convolutions in int8 with input steps, and a diagonal where they are square, its linear layer in int8 with
 * zero points, the other weights of two axes or more rounded to float16.
 */
export function inInt8(model: Model): Model {
  const weights: Record<string, Weight> = { ...model.weights }
  for (const node of model.nodes) {
    if (node.op !== 'conv2d' && node.op !== 'linear') continue
    const weight = weights[node.weight] as Tensor
    const [out = 0, inputs = 0, height = 1, width = 1] = weight.shape
    if (node.op === 'linear') {
      weights[node.weight] = {
        ...levels(weight),
        zeroPoints: Int8Array.from({ length: out }, (_, i) => i - 2),
      }
    } else if (node.groups === 1 && height * width === 1) {
      weights[node.weight] = {
        ...levels(weight),
        ...(out === inputs && { diagonal: Float32Array.from({ length: out }, (_, i) => 0.3 - i / 7) }),
        inputSteps: Float32Array.from({ length: inputs }, (_, i) => 0.01 + i / 300),
      }
    } else weights[node.weight] = tensor(weight.shape, roundToFloat16(weight.data.slice()))
  }
  return { ...model, weights }
}

function levels({ shape, data }: Tensor): QuantizedTensor {
  const [out = 1] = shape
  const size = data.length / out
  const scales = Float32Array.from(
    { length: out },
    (_, o) => Math.max(...data.subarray(o * size, (o + 1) * size).map(Math.abs)) / 127,
  )
  return {
    dtype: 'int8',
    shape,
    data: Int8Array.from(data, (value, at) => Math.round(value / (scales[Math.floor(at / size)] as number))),
    scales,
  }
}
