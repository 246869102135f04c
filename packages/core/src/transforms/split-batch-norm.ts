import type { BatchNorm } from '../model/model.ts'
import { makesChannels } from './fold-batch-norm.ts'
import { type Context, freeName, type Rewrite, type Rule, rewrite } from './rewrite.ts'
import { wideData, wideTensor } from './wide.ts'

/**
 * Given
 *
 *     %a = conv2d(%x) A
 *     %b = conv2d(%y) B
 *     %c = concat(%a, %b) axis 1
 *     %z = batchNorm(%c)
 *
 * Result
 *
 *     %a = conv2d(%x) A
 *     %b = conv2d(%y) B
 *     %z.0 = batchNorm(%a)      with the statistics of the channels of %a
 *     %z.1 = batchNorm(%b)      with those of %b
 *     %z = concat(%z.0, %z.1) axis 1
 *
 * where nothing else reads `%a`, `%b` or `%c`, so that each part folds into its convolution: the mixed kernels of MixNet
 * (Tan and Le 2019, arXiv 1907.09595).
 */
export const splitBatchNormRule: Rule = (node, context) => {
  if (node.op !== 'batchNorm') return undefined
  const concat = context.node(node.inputs[0])
  if (concat?.op !== 'concat' || concat.axis !== 1 || !context.isPrivate(concat.name)) return undefined
  if (!concat.inputs.every((name) => isPrivateConv(name, context))) return undefined
  const statistics = roles.map((role) => context.weight(node[role]))

  const parts: BatchNorm[] = []
  const weights: Record<string, ReturnType<typeof wideTensor>> = {}
  let start = 0
  for (const [index, input] of concat.inputs.entries()) {
    const end = start + (context.shape(input)?.[1] ?? 0)
    const name = freeName(`${node.name}.${index}`, context)
    const names = { weight: '', bias: '', runningMean: '', runningVar: '' }
    for (const [at, role] of roles.entries()) {
      const whole = statistics[at]
      if (!whole) return undefined
      names[role] = context.weightName(`${name}.${role}`, [])
      weights[names[role]] = wideTensor([end - start], wideData(whole).slice(start, end))
    }
    parts.push({ ...node, ...names, name, inputs: [input] })
    start = end
  }
  const [first = '', ...others] = parts.map(({ name }) => name)
  return {
    nodes: [...parts, { ...concat, name: node.name, inputs: [first, ...others] }],
    weights,
    absorbed: [concat.name],
  }
}

/** Give every convolution under a concatenation the part of the batch normalisation that is its own. */
export const splitBatchNorm: Rewrite = rewrite(splitBatchNormRule)

const roles = ['weight', 'bias', 'runningMean', 'runningVar'] as const

function isPrivateConv(name: string, context: Context): boolean {
  return makesChannels(context.node(name), context) && context.isPrivate(name)
}
