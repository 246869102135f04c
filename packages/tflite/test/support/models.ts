import { convNode, makeModel, normalTensor } from '@mobileone/conformance'
import {
  type Conv2d,
  configFromWidths,
  floatWeight,
  initialize,
  type Model,
  mobileone,
  type Node,
  random,
  reparameterize,
  type Tensor,
  tensor,
} from '@mobileone/core'

/** Standard normal elements. */
export function noise(shape: readonly number[], seed: number): Tensor {
  return normalTensor(shape, random(seed))
}

/** A network of `nodes` from `image` to the last of them, its weights random, of the shapes given. */
export function network(
  image: readonly number[],
  nodes: readonly Node[],
  weights: Readonly<Record<string, readonly number[]>> = {},
): Model {
  const outputs = { result: nodes.at(-1)?.name ?? 'image' }
  return makeModel({ name: 'network', inputs: { image }, nodes, weights, outputs })
}

/** One convolution of `image` by `weight` [O, C / groups, kernelHeight, kernelWidth]. */
export function convolution(
  image: readonly number[],
  weight: readonly number[],
  settings: Partial<Pick<Conv2d, 'stride' | 'padding' | 'dilation' | 'groups'>> = {},
): Model {
  const weights = { weight, bias: weight.slice(0, 1) }
  return network(image, [convNode('conv', 'image', { weight: 'weight', bias: 'bias', ...settings })], weights)
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

/** `model` with the weights and the bias of its last layer times `scale`. */
export function withSmallLogits(model: Model, scale: number): Model {
  const head = model.nodes.at(-1)
  if (head?.op !== 'linear' || head.bias === undefined) throw new Error('the model ends in no linear layer')
  const scaled = [head.weight, head.bias].map((name) => {
    const { shape, data } = floatWeight(model, name)
    return [
      name,
      tensor(
        shape,
        data.map((value) => value * scale),
      ),
    ] as const
  })
  return { ...model, weights: { ...model.weights, ...Object.fromEntries(scaled) } }
}
