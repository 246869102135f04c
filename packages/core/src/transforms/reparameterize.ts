import { MobileOneError } from '../errors.ts'
import type { BatchNorm, Model, Node, WideModel } from '../model/model.ts'
import { batchNormToConvRule } from './batchNormToConv.ts'
import { expandKernelRule } from './expandKernel.ts'
import { foldBatchNormRule } from './foldBatchNorm.ts'
import { mergeParallelConvsRule } from './mergeParallelConvs.ts'
import { rewrite } from './rewrite.ts'
import { roundToFloat32 } from './wide.ts'

export interface ReparameterizeOptions {
  /** Leave batch normalisations and additions that cannot be folded instead of refusing. Default false. */
  readonly partial?: boolean
}

const fold = rewrite(batchNormToConvRule, foldBatchNormRule, expandKernelRule, mergeParallelConvsRule)

/**
 * Fold the parallel branches of a train-form model into plain convolutions: the deploy form. Exact up to rounding: all
 * arithmetic is float64, rounded once to float32 at the end. A deploy-form model comes back as it is.
 * @throws MobileOneError `cannot-fold` naming every batch normalisation and addition that would be left, and why.
 */
export function reparameterize(model: Model, options: ReparameterizeOptions = {}): Model {
  const unusable = model.nodes.flatMap((node) =>
    node.op === 'batchNorm' ? (statisticsProblem(model, node) ?? []) : [],
  )
  if (unusable.length > 0) refuse(model, unusable)
  const folded = fold(model)
  const left = options.partial ? [] : folded.nodes.flatMap((node) => obstacle(folded, node) ?? [])
  if (left.length > 0) refuse(model, left)
  return roundToFloat32(folded)
}

function refuse(model: Model, reasons: readonly string[]): never {
  throw new MobileOneError(
    'cannot-fold',
    `model "${model.name}" cannot be folded into a plain CNN:\n${reasons.map((reason) => `  ${reason}`).join('\n')}`,
  )
}

function statisticsProblem(model: Model, node: BatchNorm): string | undefined {
  const missing = [node.runningMean, node.runningVar].filter((name) => !Object.hasOwn(model.weights, name))
  if (missing.length > 0) {
    return `batchNorm "${node.name}": the batch statistics ${missing.join(', ')} are missing; save the model with running statistics`
  }
  const variance = model.weights[node.runningVar]?.data ?? []
  for (let channel = 0; channel < variance.length; channel++) {
    const value = variance[channel] as number
    if (!(value + node.epsilon > 0)) {
      return `batchNorm "${node.name}": the running variance of channel ${channel} is ${value}, which has no square root`
    }
  }
  return undefined
}

function obstacle(model: WideModel, node: Node): string | undefined {
  const byName = (name: string): Node | undefined => model.nodes.find((candidate) => candidate.name === name)
  if (node.op === 'batchNorm') {
    const producer = byName(node.inputs[0])
    return `batchNorm "${node.name}": follows ${producer ? `${producer.op} "${producer.name}"` : `"${node.inputs[0]}"`}, into which it cannot be folded`
  }
  if (node.op !== 'add') return undefined
  const here = `add "${node.name}"`
  for (const name of node.inputs) {
    const branch = byName(name)
    if (branch?.op === 'conv2d') {
      const readers = model.nodes.filter((reader) => reader.inputs.some((input) => input === name)).length
      const shown = Object.values(model.outputs).includes(name)
      if (readers > 1 || shown)
        return `${here}: its branch "${name}" is also ${shown ? 'an output' : 'read elsewhere'}`
      continue
    }
    if (!branch) return `${here}: its branch "${name}" is a model input, not a convolution`
    if (branch.op === 'relu' || branch.op === 'sigmoid' || branch.op === 'silu' || branch.op === 'gelu') {
      return `${here}: its branch "${name}" is an activation (${branch.op}), which is not linear`
    }
    return `${here}: its branch "${name}" is a ${branch.op}, not a convolution`
  }
  const [a, b] = node.inputs.map(byName)
  if (a?.op !== 'conv2d' || b?.op !== 'conv2d') return undefined
  const shape = (name: string): string => (model.weights[name]?.shape ?? []).join('x')
  const describe = (conv: typeof a): string =>
    `"${conv.name}" (input ${conv.inputs[0]}, kernel ${shape(conv.weight)}, stride ${conv.stride}, padding ${conv.padding}, dilation ${conv.dilation}, groups ${conv.groups})`
  return `${here}: its branches differ: ${describe(a)} and ${describe(b)}`
}
