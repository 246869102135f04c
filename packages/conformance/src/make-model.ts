/** Small models for tests: nodes written out, weights drawn from a seed. The same seed gives the same model everywhere. */
import {
  type BatchNorm,
  type Conv2d,
  elementCount,
  type Graph,
  type Model,
  type Node,
  type Random,
  random,
  spec,
  type Tensor,
  type Tensors,
  tensor,
} from '@mobileone/core'

/** Sizes of the axes, batch first: [N, C, H, W] or [N, C]. */
export type Shape = readonly number[]

/** A tensor of standard normal elements times `scale`. */
export function normalTensor(shape: Shape, source: Random, scale = 1): Tensor {
  const result = tensor(shape)
  for (let index = 0; index < result.data.length; index++) result.data[index] = source.normal() * scale
  return result
}

/** Standard normal tensors for the inputs of `model`. */
export function normalInputs(model: Graph, source: Random = random(1)): Tensors {
  return Object.fromEntries(
    Object.entries(model.inputs).map(([name, { shape }]) => [name, normalTensor(shape, source)]),
  )
}

/** What `makeModel` builds a model from: shapes, in place of inputs and weights. */
export interface ModelParts {
  /** Default `test`. */
  readonly name?: string
  /** Input shapes, batch included. */
  readonly inputs: Readonly<Record<string, Shape>>
  readonly nodes: readonly Node[]
  /** Weight shapes. Names that end in `var`, in any case, get variances in [0.5, 1.5). */
  readonly weights?: Readonly<Record<string, Shape>>
  /** Output name to the value it shows. Default: the last node, as `y`. */
  readonly outputs?: Readonly<Record<string, string>>
}

/**
 * A model of `nodes` whose weights are drawn from `source`: normal, divided by the square root of the elements that make one
 * output, so that values keep their magnitude. It is not validated: tests also need models that are wrong.
 */
export function makeModel(parts: ModelParts, source: Random = random(1)): Model {
  const weights = Object.entries(parts.weights ?? {}).map(([name, shape]) => {
    const weight = normalTensor(shape, source, 1 / Math.sqrt(Math.max(1, elementCount(shape.slice(1)))))
    if (/var$/i.test(name)) weight.data.set(weight.data.map(() => 0.5 + source.next()))
    return [name, weight] as const
  })
  return {
    name: parts.name ?? 'test',
    inputs: Object.fromEntries(Object.entries(parts.inputs).map(([name, shape]) => [name, spec(shape)])),
    nodes: parts.nodes,
    outputs: parts.outputs ?? { y: parts.nodes.at(-1)?.name ?? '' },
    weights: Object.fromEntries(weights),
  }
}

/** The attributes of a convolution that differ from a 1 x 1 one's: stride, padding and dilation [height, width], groups. */
export interface ConvSettings extends Partial<Omit<Conv2d, 'op' | 'name' | 'inputs' | 'bias'>> {
  /** The name of the bias, or false for none. Default `<name>.bias`. */
  readonly bias?: string | false
}

/** A convolution with the weights `<name>.weight` and `<name>.bias`; stride 1 without padding unless `settings` say otherwise. */
export function convNode(
  name: string,
  input: string,
  { bias = `${name}.bias`, ...settings }: ConvSettings = {},
): Conv2d {
  return {
    op: 'conv2d',
    name,
    inputs: [input],
    weight: `${name}.weight`,
    ...(bias !== false && { bias }),
    stride: [1, 1],
    padding: [0, 0],
    dilation: [1, 1],
    groups: 1,
    ...settings,
  }
}

/** A batch normalisation with the weights of {@link batchNormWeights}. */
export function batchNormNode(name: string, input: string, epsilon = 1e-5): BatchNorm {
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
