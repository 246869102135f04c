import type { BatchNorm, Conv2d, Linear, Node } from '../model/model.ts'
import { elementCount } from '../model/tensor.ts'
import { type Context, type Rewrite, type Rule, rewrite } from './rewrite.ts'
import { wideData, wideTensor } from './wide.ts'

/** Per channel, batch normalisation is `x * scale + shift`, in float64; undefined where its statistics are missing or unusable. */
export function affineOf(
  node: BatchNorm,
  context: Context,
): { scale: Float64Array; shift: Float64Array } | undefined {
  const gamma = context.weight(node.weight)
  const beta = context.weight(node.bias)
  const mean = context.weight(node.runningMean)
  const variance = context.weight(node.runningVar)
  if (!gamma || !beta || !mean || !variance) return undefined
  const channels = elementCount(gamma.shape)
  const scale = new Float64Array(channels)
  const shift = new Float64Array(channels)
  for (let channel = 0; channel < channels; channel++) {
    const spread = (variance.data[channel] as number) + node.epsilon
    if (!(spread > 0)) return undefined
    scale[channel] = (gamma.data[channel] as number) / Math.sqrt(spread)
    shift[channel] =
      (beta.data[channel] as number) - (mean.data[channel] as number) * (scale[channel] as number)
  }
  return { scale, shift }
}

/**
 * Given
 *
 *     %y = conv2d(%x) W [b]
 *     %z = batchNorm(%y) gamma beta mean variance
 *
 * Result
 *
 *     %z = conv2d(%x) W' b'      W' = W gamma / sqrt(variance + epsilon)
 *                                b' = beta + (b - mean) gamma / sqrt(variance + epsilon)
 *
 * where nothing else reads `%y`. A linear layer folds the same way.
 */
export const foldBatchNormRule: Rule = (node, context) => {
  if (node.op !== 'batchNorm') return undefined
  const producer = context.node(node.inputs[0])
  if (!makesChannels(producer, context)) return undefined
  if (!context.isPrivate(producer.name)) return undefined
  const affine = affineOf(node, context)
  const weight = context.weight(producer.weight)
  if (!affine || !weight) return undefined

  const source = wideData(weight)
  const channels = affine.scale.length
  const perChannel = source.length / channels
  const folded = new Float64Array(source.length)
  const bias = new Float64Array(affine.shift)
  const oldBias = producer.bias === undefined ? undefined : context.weight(producer.bias)
  for (let channel = 0; channel < channels; channel++) {
    const scale = affine.scale[channel] as number
    for (let index = channel * perChannel; index < (channel + 1) * perChannel; index++) {
      folded[index] = (source[index] as number) * scale
    }
    if (oldBias) bias[channel] = (bias[channel] as number) + (oldBias.data[channel] as number) * scale
  }

  const owners = [node, producer]
  const names = {
    weight: context.weightName(`${node.name}.weight`, owners),
    bias: context.weightName(`${node.name}.bias`, owners),
  }
  const result: Conv2d | Linear = { ...producer, name: node.name, ...names }
  return {
    nodes: [result],
    weights: { [names.weight]: wideTensor(weight.shape, folded), [names.bias]: wideTensor([channels], bias) },
    absorbed: [producer.name],
  }
}

/** A convolution, or a linear layer of a matrix: its outputs are the axis that a batch normalisation goes by. */
export function makesChannels(node: Node | undefined, context: Context): node is Conv2d | Linear {
  return node?.op === 'conv2d' || (node?.op === 'linear' && context.shape(node.name)?.length === 2)
}

/** Fold every batch normalisation that follows a convolution or a linear layer into it. */
export const foldBatchNorm: Rewrite = rewrite(foldBatchNormRule)
