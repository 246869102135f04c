import { type Model, type Node, random, type Tensor, tensor } from '@mobileone/core'

export const conv = (name: string, input: string, rest: object = {}): Node => ({
  op: 'conv2d',
  name,
  inputs: [input],
  weight: `${name}.weight`,
  bias: `${name}.bias`,
  stride: [1, 1],
  padding: [0, 0],
  dilation: [1, 1],
  groups: 1,
  ...rest,
})

/** A model of `nodes` with normal weights of these shapes; the last node is its output. */
export function model(
  shape: readonly number[],
  nodes: readonly Node[],
  shapes: Readonly<Record<string, readonly number[]>> = {},
): Model {
  const source = random(7)
  const weights: Record<string, Tensor> = {}
  for (const [name, size] of Object.entries(shapes)) {
    weights[name] = tensor(size)
    for (let i = 0; i < weights[name].data.length; i++) weights[name].data[i] = source.normal()
  }
  const inputs = { x: { dtype: 'float32' as const, shape } }
  return { name: 'test', inputs, nodes, weights, outputs: { y: nodes.at(-1)!.name } }
}
