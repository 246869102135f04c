import type { BatchNorm } from '@mobileone/core'
import type { Primitives, Tfjs } from '@mobileone/tfjs-wasm-gradients'
import type * as tf from '@tensorflow/tfjs-core'
import type { BranchSum } from './find-branch-sums.ts'

/** A weight as the network being trained sees it now, in PyTorch's layout. */
export type ReadWeight = (name: string) => tf.Tensor

/** What a batch normalisation saw: mean and variance (of the batch, biased) over `count` values of each channel. */
export type Observe = (node: BatchNorm, mean: tf.Tensor1D, variance: tf.Tensor1D, count: number) => void

/** Patches of at most this many values are multiplied out for their covariance; with more, each branch is run for its statistics. */
const largestPatch = 32

/** Whether {@link branchSum} has a way to run `sum` at once. */
export function runsAtOnce({ geometry }: BranchSum): boolean {
  return isDense(geometry) || isDepthwise(geometry)
}

/**
 * The output of a sum of branches in training mode, batch statistics and their gradients included, from one convolution.
 *
 * A branch is linear before its batch normalisation, so with the batch's mean and variance of each branch in hand the sum
 * is a single convolution: kernel `sum g W`, bias `sum (beta - g mean)`, `g = gamma / sqrt(var + epsilon)`. Of a dense
 * convolution those statistics follow from the mean m and covariance C of the input patches (mean `W m`, variance
 * `diag(W C W^T)`); depthwise branches are the channels of one convolution with a multiplier, of which only sums are wanted.
 */
export function branchSum(
  tf: Tfjs,
  primitives: Primitives,
  sum: BranchSum,
  x: tf.Tensor4D,
  weight: ReadWeight,
  observe: Observe,
): tf.Tensor4D {
  return isDense(sum.geometry)
    ? denseSum(tf, primitives, sum, x, weight, observe)
    : depthwiseSum(tf, primitives, sum, x, weight, observe)
}

function isDense({ groups, kernel, inChannels, stride }: BranchSum['geometry']): boolean {
  if (groups !== 1) return false
  if (kernel === 1) return stride.every((step) => step === 1)
  return inChannels * kernel * kernel <= largestPatch
}

function isDepthwise({ groups, inChannels, outChannels }: BranchSum['geometry']): boolean {
  return groups === inChannels && inChannels === outChannels
}

function denseSum(
  tf: Tfjs,
  { affine, covariance: covarianceOf }: Primitives,
  { branches, geometry, relu }: BranchSum,
  x: tf.Tensor4D,
  weight: ReadWeight,
  observe: Observe,
): tf.Tensor4D {
  const { kernel, inChannels, outChannels, stride, epsilon } = geometry
  const patch = kernel * kernel * inChannels
  const [n] = x.shape
  const [height, width] = outputSize(x, stride)
  const count = n * height * width
  const patches: tf.Tensor2D =
    kernel === 1 ? tf.reshape(x, [count, inChannels]) : tf.reshape(im2col(tf, x, geometry), [count, patch])

  const [covariance, centre] = covarianceOf(patches)
  const row = tf.reshape(centre, [1, patch]) as tf.Tensor2D

  const identity = (): tf.Tensor2D => {
    const before = ((kernel * kernel - 1) / 2) * inChannels
    return tf.pad(tf.eye(inChannels), [
      [0, 0],
      [before, patch - before - inChannels],
    ]) as tf.Tensor2D
  }
  const rows = branches.map(({ conv }): tf.Tensor2D => {
    if (!conv) return identity()
    const w = weight(conv.weight) as tf.Tensor4D
    const margin = (kernel - w.shape[2]) / 2
    const channelsLast: tf.Tensor4D =
      w.shape[2] === 1
        ? tf.reshape(w, [outChannels, 1, 1, inChannels])
        : tf.transpose<tf.Tensor4D>(w, [0, 2, 3, 1])
    return tf.reshape(pad(tf, channelsLast, 1, margin), [outChannels, patch])
  })
  const stack = tf.concat(rows, 0) as tf.Tensor2D
  const mean = tf.reshape(tf.matMul(stack, row, false, true), [-1]) as tf.Tensor1D
  const variance = tf.relu(
    tf.sum(tf.mul(affine(stack, covariance, undefined, false), stack), 1),
  ) as tf.Tensor1D
  const { gain, bias } = normalise(tf, branches, outChannels, mean, variance, count, epsilon, weight, observe)

  const scaled = tf.mul(stack, tf.reshape(gain, [-1, 1]))
  const summed = tf.sum(tf.reshape(scaled, [branches.length, outChannels, patch]), 0) as tf.Tensor2D
  return tf.reshape(affine(patches, tf.transpose(summed), bias, relu), [n, height, width, outChannels])
}

function depthwiseSum(
  tf: Tfjs,
  { depthwise, depthwiseMoments }: Primitives,
  { branches, geometry, relu }: BranchSum,
  x: tf.Tensor4D,
  weight: ReadWeight,
  observe: Observe,
): tf.Tensor4D {
  const { kernel, outChannels, stride, epsilon } = geometry
  const [n] = x.shape
  const [height, width] = outputSize(x, stride)
  const count = n * height * width

  const one = (): tf.Tensor4D => tf.ones([1, 1, outChannels, 1])
  const filters = branches.map(({ conv }): tf.Tensor4D => {
    const w = conv ? tf.transpose(weight(conv.weight) as tf.Tensor4D, [2, 3, 0, 1]) : one()
    return pad(tf, w, 0, (kernel - w.shape[0]) / 2)
  })
  const all = tf.concat(filters, 3)
  // Channel c of branch b is channel `c * branches + b` there, and `b * channels + c` here.
  const byBranch = (values: tf.Tensor1D): tf.Tensor1D =>
    tf.reshape(tf.transpose(tf.reshape(values, [outChannels, branches.length])), [-1])
  const [mean, variance] = depthwiseMoments(x, all, stride).map(byBranch) as [tf.Tensor1D, tf.Tensor1D]
  const { gain, bias } = normalise(tf, branches, outChannels, mean, variance, count, epsilon, weight, observe)

  const gains = tf.transpose(tf.reshape(gain, [branches.length, outChannels]))
  const summed = tf.sum(tf.mul(all, tf.reshape(gains, [1, 1, outChannels, branches.length])), 3, true)
  return depthwise(x, summed as tf.Tensor4D, bias, stride, relu)
}

/** Gain of each branch's channels, branch by branch, and the bias of the sum. */
function normalise(
  tf: Tfjs,
  branches: BranchSum['branches'],
  channels: number,
  mean: tf.Tensor1D,
  variance: tf.Tensor1D,
  count: number,
  epsilon: number,
  weight: ReadWeight,
  observe: Observe,
): { gain: tf.Tensor1D; bias: tf.Tensor1D } {
  for (const [index, { batchNorm }] of branches.entries()) {
    const own = (values: tf.Tensor1D): tf.Tensor1D => tf.slice1d(values, index * channels, channels)
    observe(batchNorm, own(mean), own(variance), count)
  }
  const gather = (role: 'weight' | 'bias'): tf.Tensor1D =>
    tf.concat(
      branches.map(({ batchNorm }) => weight(batchNorm[role])),
      0,
    ) as tf.Tensor1D
  const gain = tf.mul(gather('weight'), tf.rsqrt(tf.add(variance, epsilon))) as tf.Tensor1D
  const shifts = tf.sub(gather('bias'), tf.mul(mean, gain))
  return { gain, bias: tf.sum(tf.reshape(shifts, [branches.length, channels]), 0) }
}

/** Each window of the input as the channels of one pixel, in the order row, column, channel. */
function im2col(
  tf: Tfjs,
  x: tf.Tensor4D,
  { kernel, inChannels, stride }: BranchSum['geometry'],
): tf.Tensor4D {
  const patch = kernel * kernel * inChannels
  const filter = tf.reshape(tf.eye(patch), [kernel, kernel, inChannels, patch]) as tf.Tensor4D
  const margin = (kernel - 1) / 2
  return tf.conv2d(x, filter, [...stride] as [number, number], [
    [0, 0],
    [margin, margin],
    [margin, margin],
    [0, 0],
  ])
}

/** `kernel` with zeros around the two axes from `axis` on. */
function pad(tf: Tfjs, kernel: tf.Tensor4D, axis: 0 | 1, margin: number): tf.Tensor4D {
  if (margin === 0) return kernel
  const paddings = kernel.shape.map((_, each): [number, number] =>
    each === axis || each === axis + 1 ? [margin, margin] : [0, 0],
  ) as [[number, number], [number, number], [number, number], [number, number]]
  return tf.pad(kernel, paddings)
}

function outputSize(
  { shape }: tf.Tensor4D,
  [vertical, horizontal]: readonly [number, number],
): [number, number] {
  return [Math.ceil(shape[1] / vertical), Math.ceil(shape[2] / horizontal)]
}
