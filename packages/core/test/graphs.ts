import { type Graph, type Node, spec, type TensorSpec } from '../src/index.ts'

/** A graph over one input `x` of shape [1, channels, 9, 9], weights as specs from the nodes that read them. */
export function graph(
  channels: number,
  nodes: readonly Node[],
  weights: Record<string, readonly number[]>,
  outputs?: Record<string, string>,
): Graph {
  return {
    name: 'test',
    inputs: { x: spec([1, channels, 9, 9]) },
    nodes,
    outputs: outputs ?? { y: nodes.at(-1)?.name ?? 'x' },
    weights: Object.fromEntries(
      Object.entries(weights).map(([name, shape]): [string, TensorSpec] => [name, spec(shape)]),
    ),
  }
}

export function conv(
  name: string,
  input: string,
  geometry: {
    k?: number
    stride?: number
    dilation?: number
    groups?: number
    bias?: boolean
    padding?: number
  } = {},
): Node {
  const { k = 3, stride = 1, dilation = 1, groups = 1, bias = false } = geometry
  const padding = geometry.padding ?? (dilation * (k - 1)) / 2
  return {
    op: 'conv2d',
    name,
    inputs: [input],
    weight: `${name}.weight`,
    ...(bias && { bias: `${name}.bias` }),
    stride: [stride, stride],
    padding: [padding, padding],
    dilation: [dilation, dilation],
    groups,
  }
}

export function batchNorm(name: string, input: string): Node {
  const [weight, bias, runningMean, runningVar] = ['gamma', 'beta', 'mean', 'variance'].map(
    (role) => `${name}.${role}`,
  )
  return {
    op: 'batchNorm',
    name,
    inputs: [input],
    weight,
    bias,
    runningMean,
    runningVar,
    epsilon: 1e-5,
  } as Node
}

export function add(name: string, a: string, b: string): Node {
  return { op: 'add', name, inputs: [a, b] }
}

/** The four weights of `batchNorm(name)`. */
export function statistics(name: string, channels: number): Record<string, readonly number[]> {
  return Object.fromEntries(
    ['gamma', 'beta', 'mean', 'variance'].map((role) => [`${name}.${role}`, [channels]]),
  )
}
