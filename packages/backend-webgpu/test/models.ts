import { convNode, makeModel } from '@mobileone/conformance'
import { type Model, type Node, random } from '@mobileone/core'

export { convNode as conv }

/** A model of `nodes` over one input `x` of this shape; the last node is its output `y`. */
export function model(
  shape: readonly number[],
  nodes: readonly Node[],
  weights: Readonly<Record<string, readonly number[]>> = {},
): Model {
  return makeModel({ inputs: { x: shape }, nodes, weights }, random(7))
}
