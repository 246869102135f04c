import type { Model, WideModel } from '../model/model.ts'
import { tensor, type WideTensor } from '../model/tensor.ts'
import type { AnyTensor } from './rewrite.ts'

export function wideTensor(shape: readonly number[], data: Float64Array): WideTensor {
  return { dtype: 'float64', shape, data }
}

/** The elements in float64, without a copy where they are already. */
export function wideData(weight: AnyTensor): Float64Array {
  return weight.dtype === 'float64' ? weight.data : new Float64Array(weight.data)
}

/** Every float64 weight in float32, rounded once, to nearest even. */
export function roundToFloat32(model: WideModel): Model {
  const weights = Object.fromEntries(
    Object.entries(model.weights).map(([name, weight]) => [
      name,
      weight.dtype === 'float64' ? tensor(weight.shape, new Float32Array(weight.data)) : weight,
    ]),
  )
  return { ...model, weights }
}
