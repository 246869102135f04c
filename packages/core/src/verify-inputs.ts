/** What a backend is verified with: random inputs, and a model at other sizes. */
import { withInputs } from './model/edit.ts'
import type { Model } from './model/model.ts'
import { elementCount, type Tensors, tensor } from './model/tensor.ts'
import type { Random } from './random.ts'

/** Standard normal. */
export function randomInputs(model: Model, source: Random): Tensors {
  return mapTensors(model.inputs, ({ shape }) =>
    Float32Array.from({ length: elementCount(shape) }, () => source.normal()),
  )
}

export function withNaN(inputs: Tensors): Tensors {
  return mapTensors(inputs, ({ data }) => data.map((value, index) => (index === 0 ? Number.NaN : value)))
}

/** The second half of every tensor before the first. */
export function swapHalves(tensors: Tensors): Tensors {
  return mapTensors(tensors, ({ data }) => {
    const swapped = new Float32Array(data.length)
    swapped.set(data.subarray(data.length / 2))
    swapped.set(data.subarray(0, data.length / 2), data.length / 2)
    return swapped
  })
}

function mapTensors<T extends { readonly shape: readonly number[] }>(
  tensors: Readonly<Record<string, T>>,
  make: (given: T) => Float32Array,
): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, given]) => [name, tensor(given.shape, make(given))]),
  )
}

/** `model` for `batch` inputs of other sizes, as far as the network takes them. */
export function resized(model: Model, batch: number, size: (size: number, axis: number) => number): Model {
  const shapes = (spatial: typeof size): Record<string, readonly number[]> =>
    Object.fromEntries(
      Object.entries(model.inputs).map(([name, { shape }]) => [
        name,
        shape.map((old, axis) => (axis === 0 ? batch : axis === 1 ? old : spatial(old, axis))),
      ]),
    )
  for (const candidate of [shapes(size), shapes((old) => old)]) {
    try {
      return withInputs(model, candidate)
    } catch {
      // A network with a linear layer on a flattened map takes one size only.
    }
  }
  return model
}
