import { MobileOneError, type Model, refuseTokenNodes, validate, weightRoles } from '@mobileone/core'
import { createBranches, createPrimitives, type Tfjs } from '@mobileone/tfjs-wasm-gradients'
import type * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../data/batch.ts'
import { parametersOf, runsAtOnce, shapeOf } from './branch-sum.ts'
import { type BranchSum, findBranchSums, type Unit } from './find-branch-sums.ts'
import { type Layout, type Layouts, layoutsOf, type Slot } from './parameter-layout.ts'
import { type Observe, runNode } from './run-node.ts'

/** What one batch says about the parameters. */
export interface Gradients {
  /** Mean cross-entropy over the batch, label smoothing included. */
  readonly loss: number
  /** Images whose largest logit is their label's. */
  readonly correct: number
  /** Of the loss, laid out as the parameters. */
  readonly gradients: Float32Array
  /** Mean and unbiased variance of the batch, laid out as the statistics. */
  readonly statistics: Float32Array
}

/** A train-form model as a function of its parameters. */
export interface Network {
  readonly layouts: Layouts
  /** Batch normalisation uses the statistics of this batch, as in PyTorch's training mode. */
  gradients(parameters: Float32Array, batch: Batch, labelSmoothing: number): Promise<Gradients>
}

/** How the training form is run. */
export interface NetworkOptions {
  /** Run the branches of a block one by one, as written, instead of all at once. Slower; the same up to rounding. */
  readonly branchwise?: boolean
}

/**
 * `model` ready to be differentiated on the current backend of `tf`. The input is one image, NCHW [N, C, H, W], of any
 * height and width; the output `logits`, or the only one, is [N, classes].
 * @throws MobileOneError `invalid-model` for a model with other inputs or outputs, `unavailable` where `tf` has no
 * gradients, `unsupported` for a dilated convolution and for networks of tokens.
 */
export function createNetwork(tf: Tfjs, model: Model, options: NetworkOptions = {}): Network {
  validate(model)
  if (tf.getGradient?.('Conv2D') === undefined) {
    throw new MobileOneError(
      'unavailable',
      'TensorFlow.js has no gradients registered: import @tensorflow/tfjs, or @tensorflow/tfjs-core/dist/register_all_gradients, before training',
    )
  }
  const [inputName, ...otherInputs] = Object.keys(model.inputs)
  const output = model.outputs.logits ?? Object.values(model.outputs)[0]
  if (inputName === undefined || otherInputs.length > 0 || output === undefined)
    throw new MobileOneError(
      'invalid-model',
      `training needs a model with one input; "${model.name}" has others`,
    )
  const dilated = model.nodes.find((node) => node.op === 'conv2d' && node.dilation.some((step) => step > 1))
  if (dilated)
    throw new MobileOneError(
      'unsupported',
      `TensorFlow.js has no gradient of "${dilated.name}", a convolution with dilation`,
    )
  refuseTokenNodes(model, 'training', 'train it elsewhere, and bring its weights')
  const layouts = layoutsOf(model)
  const units = options.branchwise ? asWritten(model) : findBranchSums(model, runsAtOnce)
  const primitives = createPrimitives(tf)
  const branches = createBranches(tf, primitives)
  const { leaves, leafOf } = leavesOf(units, layouts.parameters)

  const forward = (x: tf.Tensor4D, current: readonly tf.Tensor[], seen: Seen[]): tf.Tensor2D => {
    const values = new Map<string, tf.Tensor>([[inputName, x]])
    const value = (name: string): tf.Tensor => values.get(name) as tf.Tensor
    const leaf = (of: string | BranchSum): tf.Tensor => current[leafOf.get(of) as number] as tf.Tensor
    const observe: Observe = ({ runningMean, runningVar }, mean, variance, count) =>
      void seen.push({
        names: [runningMean, runningVar],
        values: tf.keep(tf.concat([mean, variance])),
        count,
      })
    for (const unit of units) {
      if (unit.kind === 'node') {
        values.set(unit.name, runNode(tf, primitives, unit.node, unit.node.inputs.map(value), leaf, observe))
        continue
      }
      const norms = unit.branches.map(({ batchNorm }) => batchNorm)
      const names = [...norms.map((norm) => norm.runningMean), ...norms.map((norm) => norm.runningVar)]
      let observed: tf.Tensor3D | undefined
      const y = branches(value(unit.input) as tf.Tensor4D, leaf(unit) as tf.Tensor1D, shapeOf(unit), {
        constantInput: unit.input === inputName,
        observe: (statistics) => {
          observed = tf.keep(statistics.clone())
        },
      })
      const count = y.size / unit.geometry.outChannels
      seen.push({ names, values: observed as tf.Tensor3D, count })
      values.set(unit.name, y)
    }
    const logits = value(output)
    if (logits.rank !== 2)
      throw new MobileOneError(
        'invalid-model',
        `the output "${output}" of "${model.name}" is no [N, classes]`,
      )
    return logits as tf.Tensor2D
  }

  return {
    layouts,
    async gradients(parameters, batch, labelSmoothing) {
      const seen: Seen[] = []
      const flat = tf.tidy(() => {
        const weights = leaves.map(({ shape, slots }) => tf.tensor(gather(parameters, slots), [...shape]))
        const x = tf.tensor4d(batch.images, [...batch.shape])
        const labels = tf.tensor1d(batch.labels, 'int32')
        let logits: tf.Tensor2D | undefined
        const loss = (...current: tf.Tensor[]): tf.Scalar => {
          const made = forward(x, current, seen)
          logits = tf.keep(made.clone())
          return crossEntropy(tf, made, labels, labelSmoothing)
        }
        const { value, grads } = tf.valueAndGrads(loss)(weights)
        const kept = [...seen.map(({ values }) => values), logits as tf.Tensor2D]
        const parts = [...grads, ...kept, value].map((part) => tf.reshape(part, [-1]) as tf.Tensor1D)
        const all = tf.concat1d(parts)
        tf.dispose(kept)
        return all
      })
      try {
        return unpack((await flat.data()) as Float32Array, layouts, leaves, seen, batch)
      } finally {
        flat.dispose()
      }
    },
  }
}

/** What gradients are taken by: a parameter, or those of all branches of a sum one after another. */
interface Leaf {
  readonly shape: readonly number[]
  readonly slots: readonly Slot[]
}

/** The leaves, and which is that of a parameter, by its name, or of a sum. */
function leavesOf(
  units: readonly Unit[],
  { slots }: Layout,
): { leaves: readonly Leaf[]; leafOf: ReadonlyMap<string | BranchSum, number> } {
  const slotOf = new Map(slots.map((slot) => [slot.name, slot]))
  const slotsOf = (names: readonly string[]): Slot[] => names.map((name) => slotOf.get(name) as Slot)
  const leaves: Leaf[] = []
  const leafOf = new Map<string | BranchSum, number>()
  for (const unit of units) {
    if (unit.kind === 'branches') {
      const own = slotsOf(parametersOf(unit.branches))
      leafOf.set(unit, leaves.length)
      leaves.push({ shape: [own.reduce((sum, { size }) => sum + size, 0)], slots: own })
      continue
    }
    for (const slot of slotsOf(
      weightRoles(unit.node)
        .map(([, name]) => name)
        .filter((name) => slotOf.has(name)),
    )) {
      if (leafOf.has(slot.name)) continue
      leafOf.set(slot.name, leaves.length)
      leaves.push({ shape: slot.shape, slots: [slot] })
    }
  }
  return { leaves, leafOf }
}

/** The values of `slots` one after another. */
function gather(parameters: Float32Array, slots: readonly Slot[]): Float32Array {
  const values = new Float32Array(slots.reduce((sum, { size }) => sum + size, 0))
  let at = 0
  for (const { offset, size } of slots) {
    values.set(parameters.subarray(offset, offset + size), at)
    at += size
  }
  return values
}

/** Statistics that a unit saw: those of `names` one after another, the means first, of as many channels each. */
interface Seen {
  readonly names: readonly string[]
  readonly values: tf.Tensor
  /** Values of each channel. */
  readonly count: number
}

function asWritten(model: Model): readonly Unit[] {
  return model.nodes.map((node) => ({ kind: 'node', name: node.name, node }))
}

function unpack(
  all: Float32Array,
  { parameters, statistics }: Layouts,
  leaves: readonly Leaf[],
  seen: readonly Seen[],
  batch: Batch,
): Gradients {
  const gradients = new Float32Array(parameters.size)
  let at = 0
  for (const { offset, size } of leaves.flatMap(({ slots }) => slots)) {
    // A weight that several units share has the sum of their gradients.
    for (let index = offset; index < offset + size; index++)
      gradients[index] = (gradients[index] as number) + (all[at++] as number)
  }
  const slots = new Map(statistics.slots.map((slot) => [slot.name, slot]))
  const observed = new Float32Array(statistics.size)
  for (const { names, count } of seen) {
    for (const [order, name] of names.entries()) {
      const { offset, size } = slots.get(name) as Layout['slots'][number]
      const scale = order < names.length / 2 ? 1 : count / Math.max(1, count - 1)
      for (let index = offset; index < offset + size; index++) observed[index] = (all[at++] as number) * scale
    }
  }
  const [count] = batch.shape
  const logits = all.subarray(at, all.length - 1)
  return {
    loss: all[all.length - 1] as number,
    correct: countCorrect(logits, batch.labels, logits.length / count),
    gradients,
    statistics: observed,
  }
}

function countCorrect(logits: Float32Array, labels: Int32Array, classes: number): number {
  let correct = 0
  for (let image = 0; image < labels.length; image++) {
    const row = logits.subarray(image * classes, (image + 1) * classes)
    const own = row[labels[image] as number] as number
    if (row.every((value, index) => value < own || index === labels[image])) correct++
  }
  return correct
}

/** Mean cross-entropy of logits [n, classes] with labels [n], a part `smoothing` of each spread over all classes. */
function crossEntropy(tf: Tfjs, logits: tf.Tensor2D, labels: tf.Tensor1D, smoothing: number): tf.Scalar {
  const [count, classes] = logits.shape
  const compute = tf.customGrad((...given) => {
    const [x, save] = given as unknown as [tf.Tensor2D, (tensors: tf.Tensor[]) => void]
    const target = tf.add(tf.mul(tf.oneHot(labels, classes), 1 - smoothing), smoothing / classes)
    const shifted = tf.sub(x, tf.max(x, 1, true))
    const logSum = tf.log(tf.sum(tf.exp(shifted), 1, true))
    const logProbabilities = tf.sub(shifted, logSum)
    const value = tf.neg(tf.div(tf.sum(tf.mul(target, logProbabilities)), count)) as tf.Scalar
    save([tf.div(tf.sub(tf.exp(logProbabilities), target), count)])
    return { value, gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, saved[0] as tf.Tensor) }
  })
  return compute(logits) as tf.Scalar
}
