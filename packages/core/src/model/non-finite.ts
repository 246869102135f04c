/** Weights that are NaN or infinite: what a training that diverged leaves. */
import { MobileOneError } from '../errors.ts'
import type { Model } from './model.ts'
import type { Weight } from './tensor.ts'

/** A weight with elements that are not finite. */
export interface NonFinite {
  readonly weight: string
  /** The first of them, and its place in the row-major elements. */
  readonly value: number
  readonly index: number
  /** How many there are. */
  readonly count: number
}

/** The weights of `model` that hold NaN or infinities, in the model's order. */
export function findNonFinite(model: Pick<Model, 'weights'>): NonFinite[] {
  return Object.entries(model.weights).flatMap(([weight, tensor]) => {
    for (const data of floatsOf(tensor)) {
      const index = firstNonFinite(data, 0)
      if (index === -1) continue
      let count = 0
      for (let at = index; at !== -1; at = firstNonFinite(data, at + 1)) count++
      return [{ weight, value: data[index] as number, index, count }]
    }
    return []
  })
}

/** @param what What cannot be done, for the message. @throws MobileOneError `invalid-model` naming the first weight of {@link findNonFinite}. */
export function refuseNonFinite(model: Pick<Model, 'name' | 'weights'>, what: string): void {
  const found = findNonFinite(model)
  const [first] = found
  if (!first) return
  const others = found.length > 1 ? `, and so do ${found.length - 1} other weights` : ''
  throw new MobileOneError(
    'invalid-model',
    `${what}: weight "${first.weight}" of model "${model.name}" holds ${first.value} (element ${first.index}; ${first.count} that are not finite in all)${others}; ` +
      'the training has diverged or the file is damaged: take an earlier checkpoint',
  )
}

function floatsOf(tensor: Weight): readonly Float32Array[] {
  return tensor.dtype === 'float32'
    ? [tensor.data]
    : [tensor.scales, tensor.diagonal, tensor.inputSteps].filter((part) => part !== undefined)
}

function firstNonFinite(data: Float32Array, from: number): number {
  for (let at = from; at < data.length; at++) if (!Number.isFinite(data[at])) return at
  return -1
}
