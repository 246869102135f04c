import { floatWeights, type Model, reference, type Tensor, type Tensors, tensor } from '@mobileone/core'
import { roundToFloat16 } from '@mobileone/core/half'
import { expect } from 'vitest'

export async function runReference(model: Model, inputs: Tensors): Promise<Tensors> {
  await using executor = await reference().compile(model)
  return executor.run(inputs)
}

/** What the int8 elements of `model` stand for, as a backend without integer kernels computes with them. */
export async function runStored(model: Model, inputs: Tensors): Promise<Tensors> {
  await using executor = await reference({ precision: 'float32' }).compile(model)
  return executor.run(inputs)
}

/** `model` with its weights rounded as a file in float16 holds them. */
export function inFloat16(model: Model): Model {
  const weights = Object.entries(floatWeights(model)).map(([name, { shape, data }]) => [
    name,
    tensor(shape, roundToFloat16(data.slice())),
  ])
  return { ...model, weights: Object.fromEntries(weights) as Model['weights'] }
}

/** Every element within `tolerance` of the largest wanted one, or of 1. */
export function expectClose(got: Tensor | undefined, wanted: Tensor, tolerance: number, what = ''): void {
  expect(got?.shape, what).toEqual(wanted.shape)
  const scale = wanted.data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1)
  const wrong = wanted.data.findIndex(
    (value, index) => !(Math.abs((got?.data[index] as number) - value) <= tolerance * scale),
  )
  const found = wrong < 0 ? '' : `element ${wrong} is ${got?.data[wrong]}, not ${wanted.data[wrong]}`
  expect(found, what).toBe('')
}

/** The power of `wanted` over that of what `got` differs by. */
export function decibels(got: Tensor, wanted: Tensor): number {
  let [signal, noise] = [0, 0]
  for (const [at, value] of wanted.data.entries()) {
    signal += value ** 2
    noise += (value - (got.data[at] as number)) ** 2
  }
  return 10 * Math.log10(signal / noise)
}

/** Axis i of the result is axis `order[i]` of `source`; vectors and matrices stay as they are. */
export function reorder(source: Tensor, order: readonly [number, number, number, number]): Tensor {
  if (source.shape.length !== 4) return source
  const strides = source.shape.map((_, axis) => source.shape.slice(axis + 1).reduce((a, b) => a * b, 1))
  const shape = order.map((axis) => source.shape[axis] as number)
  const data = Float32Array.from({ length: source.data.length }, (_, index) => {
    let rest = index
    let from = 0
    for (let axis = 3; axis >= 0; axis--) {
      const size = shape[axis] as number
      from += (rest % size) * (strides[order[axis] as number] as number)
      rest = Math.floor(rest / size)
    }
    return source.data[from] as number
  })
  return tensor(shape, data)
}
