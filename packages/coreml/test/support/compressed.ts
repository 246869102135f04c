import { type Model, maxAbsDifference, type Tensor } from '@mobileone/core'
import { expect } from 'vitest'

/** Expect the convolutions and linear layers of two models to have the same weights, whatever their names. */
export function expectSameWeights(model: Model, other: Model): void {
  const tensors = ({ nodes, weights }: Model): readonly (readonly [string, Tensor])[] =>
    nodes.flatMap((node) =>
      node.op === 'conv2d' || node.op === 'linear'
        ? [[node.name, weights[node.weight] as Tensor] as const]
        : [],
    )
  const [made, expected] = [tensors(model), tensors(other)]
  expect(made.length).toBe(expected.length)
  for (const [index, [name, weight]] of made.entries()) {
    const wanted = expected[index]?.[1] as Tensor
    expect(weight.shape).toEqual(wanted.shape)
    expect(maxAbsDifference(weight, wanted), name).toBe(0)
  }
}
