import {
  type Conv2d,
  elementCount,
  type Model,
  type Node,
  type Random,
  spec,
  type Tensor,
  type Tensors,
  tensor,
} from '@mobileone/core'

export type Shape = readonly number[]

/** A tensor of standard normal elements times `scale`. */
export function normalTensor(shape: Shape, source: Random, scale = 1): Tensor {
  const result = tensor(shape)
  for (let index = 0; index < result.data.length; index++) result.data[index] = source.normal() * scale
  return result
}

/** Standard normal inputs for `model`. */
export function normalInputs(model: Model, source: Random): Tensors {
  return Object.fromEntries(
    Object.entries(model.inputs).map(([name, { shape }]) => [name, normalTensor(shape, source)]),
  )
}

export interface ModelParts {
  readonly name: string
  readonly inputs: Readonly<Record<string, Shape>>
  readonly nodes: readonly Node[]
  /** Weight shapes. Names that end in `var` get variances in [0.5, 1.5). */
  readonly weights?: Readonly<Record<string, Shape>>
  /** Default: the last node, as `y`. */
  readonly outputs?: Readonly<Record<string, string>>
}

/** A model with random weights, scaled so that values keep their magnitude. */
export function makeModel(parts: ModelParts, source: Random): Model {
  const weights = Object.entries(parts.weights ?? {}).map(([name, shape]) => {
    const weight = normalTensor(shape, source, 1 / Math.sqrt(Math.max(1, elementCount(shape.slice(1)))))
    if (name.endsWith('var')) weight.data.set(weight.data.map(() => 0.5 + source.next()))
    return [name, weight] as const
  })
  return {
    name: parts.name,
    inputs: Object.fromEntries(Object.entries(parts.inputs).map(([name, shape]) => [name, spec(shape)])),
    nodes: parts.nodes,
    outputs: parts.outputs ?? { y: parts.nodes.at(-1)?.name ?? '' },
    weights: Object.fromEntries(weights),
  }
}

/** A convolution with the weights `<name>.weight` and `<name>.bias`; 1 x 1 in one step unless `geometry` says otherwise. */
export function convNode(name: string, input: string, geometry: Partial<Conv2d> = {}): Conv2d {
  return {
    op: 'conv2d',
    name,
    inputs: [input],
    weight: `${name}.weight`,
    bias: `${name}.bias`,
    stride: [1, 1],
    padding: [0, 0],
    dilation: [1, 1],
    groups: 1,
    ...geometry,
  }
}

export function batchNormNode(name: string, input: string, epsilon = 1e-5): Node {
  return {
    op: 'batchNorm',
    name,
    inputs: [input],
    weight: `${name}.weight`,
    bias: `${name}.bias`,
    runningMean: `${name}.mean`,
    runningVar: `${name}.var`,
    epsilon,
  }
}

/** The weight shapes of a {@link batchNormNode}. */
export function batchNormWeights(name: string, channels: number): Record<string, Shape> {
  return Object.fromEntries(['weight', 'bias', 'mean', 'var'].map((part) => [`${name}.${part}`, [channels]]))
}

/** One of `items`. */
export function pick<T>(source: Random, items: readonly T[]): T {
  return items[source.integer(0, items.length - 1)] as T
}
