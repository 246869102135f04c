import type { BatchNorm, Conv2d } from '../model/model.ts'
import { makesChannels } from './fold-batch-norm.ts'
import { type Context, freeName, type Rewrite, type Rule, rewrite } from './rewrite.ts'
import { wideTensor } from './wide.ts'

/**
 * Given
 *
 *     %z = batchNorm(%x)
 *
 * Result
 *
 *     %z.identity = conv2d(%x) I, 1x1      I[i, i mod (C / groups)] = 1
 *     %z = batchNorm(%z.identity)
 *
 * where `%x` [N, C, H, W] does not come from a convolution that the normalisation folds into. `groups` is that of a
 * convolution C -> C with stride 1 that also reads `%x`, so that the two can be merged; C where there is none.
 */
export const batchNormToConvRule: Rule = (node, context) => {
  if (node.op !== 'batchNorm') return undefined
  const [input] = node.inputs
  const producer = context.node(input)
  if (makesChannels(producer, context) && context.isPrivate(producer.name)) return undefined
  const shape = context.shape(input)
  const missing = [node.weight, node.bias, node.runningMean, node.runningVar].some(
    (name) => !context.weight(name),
  )
  if (shape?.length !== 4 || missing) return undefined

  const channels = shape[1] as number
  const groups = siblingGroups(node, context, channels)
  const perGroup = channels / groups
  const identity = new Float64Array(channels * perGroup)
  for (let channel = 0; channel < channels; channel++) identity[channel * perGroup + (channel % perGroup)] = 1

  const name = freeName(`${node.name}.identity`, context)
  const weight = context.weightName(`${name}.weight`, [])
  const conv: Conv2d = {
    op: 'conv2d',
    name,
    inputs: [input],
    weight,
    stride: [1, 1],
    padding: [0, 0],
    dilation: [1, 1],
    groups,
  }
  return {
    nodes: [conv, { ...node, inputs: [name] }],
    weights: { [weight]: wideTensor([channels, perGroup, 1, 1], identity) },
    absorbed: [],
  }
}

/** Give every batch normalisation that stands alone an identity convolution to fold into. */
export const batchNormToConv: Rewrite = rewrite(batchNormToConvRule)

function siblingGroups(node: BatchNorm, context: Context, channels: number): number {
  for (const reader of context.readers(node.inputs[0])) {
    if (reader.op !== 'conv2d' || reader.stride.some((value) => value !== 1)) continue
    if (context.weight(reader.weight)?.shape[0] === channels) return reader.groups
  }
  return channels
}
