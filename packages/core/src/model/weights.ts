/** The elements of weights, however they are stored. */
import { MobileOneError } from '../errors.ts'
import type { Graph, Model } from './model.ts'
import { elementCount, type QuantizedTensor, type Tensor, type Weight } from './tensor.ts'

const dequantized = new WeakMap<QuantizedTensor, Tensor>()

/**
 * The weight `name` of `model` as float32, for consumers that have no use for another storage. A float32 weight comes back
 * itself; what is made of another is kept as long as that lives, so that asking again costs nothing.
 * @throws MobileOneError `invalid-model` where the model has no such weight.
 */
export function floatWeight(model: Pick<Model, 'name' | 'weights'>, name: string): Tensor {
  const weight = Object.hasOwn(model.weights, name) ? model.weights[name] : undefined
  if (!weight) throw new MobileOneError('invalid-model', `model "${model.name}" has no weight "${name}"`)
  return toFloat32(weight)
}

/** All weights of `model` in float32, see {@link floatWeight}. */
export function floatWeights(model: Pick<Model, 'weights'>): Readonly<Record<string, Tensor>> {
  return Object.fromEntries(Object.entries(model.weights).map(([name, weight]) => [name, toFloat32(weight)]))
}

/** True where `model` has a weight that is stored as int8. */
export function hasInt8Weights({ weights }: Pick<Graph, 'weights'>): boolean {
  return Object.values(weights).some(({ dtype }) => dtype === 'int8')
}

/** `weight` in float32: itself, or dequantised. */
export function toFloat32(weight: Weight): Tensor {
  if (weight.dtype === 'float32') return weight
  let tensor = dequantized.get(weight)
  if (!tensor) dequantized.set(weight, (tensor = dequantize(weight)))
  return tensor
}

/**
 * `scale (data - zero point)` for each output channel, over the step of the input channel and the diagonal added where there are any,
 * rounded once to float32.
 */
export function dequantize(weight: QuantizedTensor): Tensor {
  const { shape, data, scales, zeroPoints, diagonal, inputSteps } = weight
  const channels = shape[0] as number
  const size = elementCount(shape) / channels
  const result = new Float32Array(data.length)
  for (let channel = 0; channel < channels; channel++) {
    const scale = scales[channel] as number
    const zero = zeroPoints?.[channel] ?? 0
    const start = channel * size
    for (let column = 0; column < size; column++) {
      const step = inputSteps?.[column] ?? 1
      const more = diagonal && column === channel ? (diagonal[channel] as number) : 0
      result[start + column] = (scale * ((data[start + column] as number) - zero)) / step + more
    }
  }
  return { dtype: 'float32', shape, data: result }
}
