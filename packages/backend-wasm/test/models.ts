import {
  type Conv2d,
  type Model,
  type Node,
  type Random,
  spec,
  type Tensor,
  type Tensors,
  tensor,
} from '@mobileone/core'

export function randomTensor(shape: readonly number[], random: Random, scale = 1): Tensor {
  const result = tensor(shape)
  for (let i = 0; i < result.data.length; i++) result.data[i] = random.normal() * scale
  return result
}

export function randomInputs(model: Model, random: Random): Tensors {
  return Object.fromEntries(
    Object.entries(model.inputs).map(([name, { shape }]) => [name, randomTensor(shape, random)]),
  )
}

/** A model of these nodes; weights that the nodes name are made with the given shapes. */
export function makeModel(
  inputs: Readonly<Record<string, readonly number[]>>,
  nodes: readonly Node[],
  weights: Readonly<Record<string, readonly number[]>>,
  random: Random,
  outputs: Readonly<Record<string, string>> = { out: nodes.at(-1)!.name },
): Model {
  return {
    name: 'test',
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, shape]) => [name, spec(shape)])),
    nodes,
    outputs,
    weights: Object.fromEntries(
      Object.entries(weights).map(([name, shape]) => {
        const fan = shape.length > 1 ? shape.slice(1).reduce((a, b) => a * b, 1) : 1
        const weight = randomTensor(shape, random, 1 / Math.sqrt(fan))
        if (name.endsWith('var'))
          for (let i = 0; i < weight.data.length; i++) weight.data[i] = 0.5 + random.next()
        return [name, weight]
      }),
    ),
  }
}

export function conv(name: string, input: string, geometry: Partial<Conv2d> = {}): Conv2d {
  return {
    op: 'conv2d',
    name,
    inputs: [input],
    weight: `${name}.w`,
    bias: `${name}.b`,
    stride: [1, 1],
    padding: [0, 0],
    dilation: [1, 1],
    groups: 1,
    ...geometry,
  }
}

/** Largest |a - b| over max(1, |b|); a NaN only matches a NaN, an infinity only itself. */
export function distance(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  let worst = 0
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!]
    if (Object.is(x, y) || x === y) continue
    const gap = Math.abs(x - y) / Math.max(1, Math.abs(y))
    worst = Math.max(worst, Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap)
  }
  return worst
}
