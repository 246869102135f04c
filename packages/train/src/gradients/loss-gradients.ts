import { MobileOneError, type Model, refuseTokenNodes, validate } from '@mobileone/core'
import { createPrimitives, type Tfjs } from '@mobileone/tfjs-wasm-gradients'
import type * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../data/batch.ts'
import { branchSum, type Observe, type ReadWeight, runsAtOnce } from './branch-sum.ts'
import { findBranchSums, type Unit } from './find-branch-sums.ts'
import { type Layout, type Layouts, layoutsOf } from './parameter-layout.ts'
import { runNode } from './run-node.ts'

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

  const forward = (x: tf.Tensor4D, weight: ReadWeight, observe: Observe): tf.Tensor2D => {
    const values = new Map<string, tf.Tensor>([[inputName, x]])
    const value = (name: string): tf.Tensor => values.get(name) as tf.Tensor
    for (const unit of units) {
      values.set(
        unit.name,
        unit.kind === 'branches'
          ? branchSum(tf, primitives, unit, value(unit.input) as tf.Tensor4D, weight, observe)
          : runNode(tf, primitives, unit.node, unit.node.inputs.map(value), weight, observe),
      )
    }
    const logits = value(output)
    if (logits.rank !== 2)
      throw new MobileOneError(
        'invalid-model',
        `the output "${output}" of "${model.name}" is no [N, classes]`,
      )
    return logits as tf.Tensor2D
  }

  const slotOf = new Map(layouts.parameters.slots.map((slot, index) => [slot.name, index]))
  return {
    layouts,
    async gradients(parameters, batch, labelSmoothing) {
      const parts: tf.Tensor1D[] = []
      const seen: Seen[] = []
      const flat = tf.tidy(() => {
        const weights = layouts.parameters.slots.map(({ shape, offset, size }) =>
          tf.tensor(parameters.subarray(offset, offset + size), [...shape]),
        )
        const x = tf.tensor4d(batch.images, [...batch.shape])
        const labels = tf.tensor1d(batch.labels, 'int32')
        let logits: tf.Tensor2D | undefined
        const loss = (...current: tf.Tensor[]): tf.Scalar => {
          const weight: ReadWeight = (name) => current[slotOf.get(name) as number] as tf.Tensor
          const observe: Observe = (node, mean, variance, count) =>
            void seen.push({ node, mean: tf.keep(mean.clone()), variance: tf.keep(variance.clone()), count })
          const made = forward(x, weight, observe)
          logits = tf.keep(made.clone())
          return crossEntropy(tf, made, labels, labelSmoothing)
        }
        const { value, grads } = tf.valueAndGrads(loss)(weights)
        parts.push(...grads.map((gradient) => tf.reshape(gradient, [-1]) as tf.Tensor1D))
        parts.push(...seen.flatMap(({ mean, variance }) => [mean, variance]))
        parts.push(tf.reshape(logits as tf.Tensor2D, [-1]), tf.reshape(value, [1]))
        const all = tf.concat1d(parts)
        tf.dispose([...seen.flatMap(({ mean, variance }) => [mean, variance]), logits as tf.Tensor2D])
        return all
      })
      try {
        return unpack((await flat.data()) as Float32Array, layouts, seen, batch)
      } finally {
        flat.dispose()
      }
    },
  }
}

interface Seen {
  readonly node: { readonly runningMean: string; readonly runningVar: string }
  readonly mean: tf.Tensor1D
  readonly variance: tf.Tensor1D
  readonly count: number
}

function asWritten(model: Model): readonly Unit[] {
  return model.nodes.map((node) => ({ kind: 'node', name: node.name, node }))
}

function unpack(
  all: Float32Array,
  { parameters, statistics }: Layouts,
  seen: readonly Seen[],
  batch: Batch,
): Gradients {
  const slots = new Map(statistics.slots.map((slot) => [slot.name, slot]))
  const observed = new Float32Array(statistics.size)
  let at = parameters.size
  const take = (name: string, scale: number): void => {
    const { offset, size } = slots.get(name) as Layout['slots'][number]
    for (let index = 0; index < size; index++) observed[offset + index] = (all[at + index] as number) * scale
    at += size
  }
  for (const { node, count } of seen) {
    take(node.runningMean, 1)
    take(node.runningVar, count / Math.max(1, count - 1))
  }
  const [count] = batch.shape
  const logits = all.subarray(at, all.length - 1)
  return {
    loss: all[all.length - 1] as number,
    correct: countCorrect(logits, batch.labels, logits.length / count),
    gradients: all.subarray(0, parameters.size),
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
