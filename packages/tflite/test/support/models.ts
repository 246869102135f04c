import {
  type Conv2d,
  configFromWidths,
  elementCount,
  initialize,
  type Model,
  mobileone,
  type Node,
  random,
  reparameterize,
  spec,
  type Tensor,
  tensor,
} from '@mobileone/core'

/** Standard normal elements. */
export function noise(shape: readonly number[], seed: number): Tensor {
  const source = random(seed)
  return tensor(
    shape,
    Float32Array.from({ length: elementCount(shape) }, () => source.normal()),
  )
}

/** A network of `nodes` from `image` to the last of them, its weights random, of the shapes given. */
export function network(
  image: readonly number[],
  nodes: readonly Node[],
  weights: Readonly<Record<string, readonly number[]>> = {},
): Model {
  return {
    name: 'network',
    inputs: { image: spec(image) },
    nodes,
    outputs: { result: nodes.at(-1)?.name ?? 'image' },
    weights: Object.fromEntries(
      Object.entries(weights).map(([name, shape], index) => [name, noise(shape, index + 1)]),
    ),
  }
}

/** One convolution of `image` by `weight` [O, C / groups, kernelHeight, kernelWidth]. */
export function convolution(
  image: readonly number[],
  weight: readonly number[],
  settings: Partial<Pick<Conv2d, 'stride' | 'padding' | 'dilation' | 'groups'>> = {},
): Model {
  const node: Conv2d = {
    op: 'conv2d',
    name: 'conv',
    inputs: ['image'],
    weight: 'weight',
    bias: 'bias',
    stride: [1, 1],
    padding: [0, 0],
    dilation: [1, 1],
    groups: 1,
    ...settings,
  }
  return network(image, [node], { weight, bias: weight.slice(0, 1) })
}

/** A small MobileOne with squeeze-and-excite and a map of odd size. */
export const train: Model = initialize(
  mobileone(
    configFromWidths({
      name: 'small',
      widths: [0.25, 0.3, 0.2, 0.1],
      blocks: [1, 2, 2, 1],
      branches: 2,
      squeezeExcite: [0, 0, 1, 1],
      classes: 11,
      inputSize: [65, 49],
    }),
    { form: 'train' },
  ),
  { seed: 9, statistics: 'random' },
)
export const deploy: Model = reparameterize(train)
