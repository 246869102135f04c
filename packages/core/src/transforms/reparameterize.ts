import { MobileOneError, throwIfAborted } from '../errors.ts'
import type { Add, BatchNorm, Model, Node, WideModel } from '../model/model.ts'
import { inferShapes, type Shapes } from '../model/shapes.ts'
import { sameShape } from '../model/tensor.ts'
import { findUses, type Uses } from '../model/uses.ts'
import { floatWeight } from '../model/weights.ts'
import { createPacer } from '../pause.ts'
import type { OnProgress } from '../progress.ts'
import { batchNormToConvRule } from './batch-norm-to-conv.ts'
import { expandKernelRule } from './expand-kernel.ts'
import { foldBatchNormRule } from './fold-batch-norm.ts'
import { mergeParallelConvsRule } from './merge-parallel-convs.ts'
import { rewrite, rewriteSteps } from './rewrite.ts'
import { splitBatchNormRule } from './split-batch-norm.ts'
import { roundToFloat32 } from './wide.ts'

/** What folding does about what it cannot fold. */
export interface ReparameterizeOptions {
  /** Leave batch normalisations and sums of branches that cannot be folded instead of refusing. Default false. */
  readonly partial?: boolean
}

/** What `reparameterizeAsync` takes besides: how to stop it, and how to hear how far it is. */
export interface ReparameterizeAsyncOptions extends ReparameterizeOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
}

const rules = [
  splitBatchNormRule,
  batchNormToConvRule,
  foldBatchNormRule,
  expandKernelRule,
  mergeParallelConvsRule,
] as const
const fold = rewrite(...rules)

/**
 * Fold the parallel branches of a train-form model into plain convolutions: the deploy form. Exact up to rounding: all
 * arithmetic is float64, rounded once to float32 at the end. A deploy-form model comes back as it is. Skip connections stay: an
 * addition is a sum of branches, to be folded, where convolutions or batch normalisations of one value make both of its terms.
 * @throws MobileOneError `cannot-fold` naming every batch normalisation and sum of branches that would be left, and why.
 */
export function reparameterize(model: Model, options: ReparameterizeOptions = {}): Model {
  if (isFolded(model)) return model
  checkStatistics(model)
  return finish(model, fold(model), options)
}

/**
 * {@link reparameterize} without blocking: other work of the thread gets its turn every few milliseconds, `onProgress` hears of
 * the phase `fold`, and `signal` ends it.
 */
export async function reparameterizeAsync(
  model: Model,
  options: ReparameterizeAsyncOptions = {},
): Promise<Model> {
  const { signal, onProgress } = options
  throwIfAborted(signal, 'folding')
  const total = model.nodes.length
  if (isFolded(model)) {
    onProgress?.({ phase: 'fold', done: total, total })
    return model
  }
  checkStatistics(model)
  const pace = createPacer(signal, 'folding')
  const steps = rewriteSteps(model, rules)
  for (;;) {
    const step = steps.next()
    if (step.done) return finish(model, step.value, options)
    onProgress?.({ phase: 'fold', ...step.value })
    await pace()
  }
}

/** Whether nothing is there that a rule replaces or `obstacle` names. */
function isFolded({ nodes }: Model): boolean {
  return nodes.every(({ op }) => op !== 'batchNorm' && op !== 'add')
}

function checkStatistics(model: Model): void {
  const unusable = model.nodes.flatMap((node) =>
    node.op === 'batchNorm' ? (statisticsProblem(model, node) ?? []) : [],
  )
  if (unusable.length > 0) refuse(model, unusable)
}

function finish(model: Model, folded: WideModel, options: ReparameterizeOptions): Model {
  const uses = findUses(folded)
  const shapes = inferShapes(folded)
  const left = options.partial
    ? []
    : folded.nodes.flatMap((node) => obstacle(folded, uses, shapes, node) ?? [])
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
  const variance = floatWeight(model, node.runningVar).data
  for (let channel = 0; channel < variance.length; channel++) {
    const value = variance[channel] as number
    if (!(value + node.epsilon > 0)) {
      return `batchNorm "${node.name}": the running variance of channel ${channel} is ${value}, which has no square root`
    }
  }
  return undefined
}

function obstacle(model: WideModel, uses: Uses, shapes: Shapes, node: Node): string | undefined {
  if (node.op === 'batchNorm') {
    const producer = uses.producer(node.inputs[0])
    return `batchNorm "${node.name}": follows ${producer ? `${producer.op} "${producer.name}"` : `"${node.inputs[0]}"`}, into which it cannot be folded`
  }
  if (node.op !== 'add' || !isSumOfBranches(uses, shapes, node)) return undefined
  const here = `add "${node.name}"`
  for (const name of node.inputs) {
    const branch = uses.producer(name)
    if (branch?.op !== 'conv2d') return `${here}: its branch "${name}" is a ${branch?.op}, not a convolution`
    if (uses.isOutput(name)) return `${here}: its branch "${name}" is also an output`
    if (uses.readers(name).length > 1) return `${here}: its branch "${name}" is also read elsewhere`
  }
  const [a, b] = node.inputs.map((name) => uses.producer(name))
  if (a?.op !== 'conv2d' || b?.op !== 'conv2d') return undefined
  const shape = (name: string): string => (model.weights[name]?.shape ?? []).join('x')
  const describe = (conv: typeof a): string =>
    `"${conv.name}" (input ${conv.inputs[0]}, kernel ${shape(conv.weight)}, stride ${conv.stride}, padding ${conv.padding}, dilation ${conv.dilation}, groups ${conv.groups})`
  return `${here}: its branches differ: ${describe(a)} and ${describe(b)}`
}

/**
 * Whether both terms are of one shape and made of one value by convolutions and batch normalisations; one that is that value is a skip
 * connection.
 */
function isSumOfBranches(uses: Uses, shapes: Shapes, { inputs: [a, b] }: Add): boolean {
  if (!sameShape(shapes[a] ?? [], shapes[b] ?? [])) return false
  const source = branchSource(uses, a)
  return source === branchSource(uses, b) && source !== a && source !== b
}

function branchSource(uses: Uses, value: string): string {
  for (let source = value; ; ) {
    const node = uses.producer(source)
    if (node?.op !== 'conv2d' && node?.op !== 'linear' && node?.op !== 'batchNorm') return source
    source = node.inputs[0]
  }
}
