import type * as tf from '@tensorflow/tfjs-core'
import type { Branches, BranchShape } from './branch-shape.ts'
import type { Primitives, Tfjs } from './primitives.ts'

/** The parameters of one branch, in PyTorch's layout. */
interface Branch {
  /** [outChannels, inChannels / groups, size, size]; none: the input itself. */
  readonly kernel?: tf.Tensor4D
  readonly gamma: tf.Tensor1D
  readonly beta: tf.Tensor1D
}

/**
 * {@link Branches} of dense and depthwise convolutions out of `primitives`, for backends without our kernels.
 *
 * A branch is linear before its batch normalisation, so with the batch's mean and variance of each branch in hand the sum
 * is a single convolution: kernel `sum g W`, bias `sum (beta - g mean)`, `g = gamma / sqrt(var + epsilon)`. Of a dense
 * convolution those statistics follow from the mean m and covariance C of the input patches (mean `W m`, variance
 * `diag(W C W^T)`); depthwise branches are the channels of one convolution with a multiplier, of which only sums are wanted.
 */
export function composedBranches(tf: Tfjs, primitives: Primitives): Branches {
  return (x, parameters, shape, { observe } = {}) => {
    const branches = split(tf, parameters, shape)
    const run = shape.groups === 1 ? dense : depthwise
    return run(tf, primitives, x, branches, shape, observe)
  }
}

function split(
  tf: Tfjs,
  parameters: tf.Tensor1D,
  { kernels, inChannels, outChannels, groups }: BranchShape,
): Branch[] {
  const perGroup = inChannels / groups
  const sizes = kernels.flatMap((size) => [
    ...(size ? [outChannels * perGroup * size * size] : []),
    outChannels,
    outChannels,
  ])
  // A copy: the array itself is part of TensorFlow.js's tape.
  const parts = [...(tf.split(parameters, sizes) as tf.Tensor1D[])]
  return kernels.map((size): Branch => {
    const kernel = size
      ? tf.reshape<tf.Rank.R4>(parts.shift() as tf.Tensor1D, [outChannels, perGroup, size, size])
      : undefined
    const [gamma, beta] = [parts.shift(), parts.shift()] as [tf.Tensor1D, tf.Tensor1D]
    return { ...(kernel && { kernel }), gamma, beta }
  })
}

type Run = (
  tf: Tfjs,
  primitives: Primitives,
  x: tf.Tensor4D,
  branches: readonly Branch[],
  shape: BranchShape,
  observe: ((statistics: tf.Tensor3D) => void) | undefined,
) => tf.Tensor4D

const dense: Run = (tf, { affine, covariance: covarianceOf }, x, branches, shape, observe) => {
  const { kernels, inChannels, outChannels, stride, relu } = shape
  const size = Math.max(...kernels)
  const patch = size * size * inChannels
  const [n] = x.shape
  const [height, width] = outputSize(x, stride)
  const count = n * height * width
  const isMatrix = size === 1 && stride.every((step) => step === 1)
  const patches = tf.reshape<tf.Rank.R2>(isMatrix ? x : im2col(tf, x, size, inChannels, stride), [
    count,
    patch,
  ])

  const [covariance, centre] = covarianceOf(patches)
  const row = tf.reshape(centre, [1, patch]) as tf.Tensor2D

  const identity = (): tf.Tensor2D => {
    const before = ((size * size - 1) / 2) * inChannels
    return tf.pad(tf.eye(inChannels), [
      [0, 0],
      [before, patch - before - inChannels],
    ]) as tf.Tensor2D
  }
  const rows = branches.map(({ kernel }): tf.Tensor2D => {
    if (!kernel) return identity()
    const own = kernel.shape[2]
    const channelsLast: tf.Tensor4D =
      own === 1
        ? tf.reshape(kernel, [outChannels, 1, 1, inChannels])
        : tf.transpose<tf.Tensor4D>(kernel, [0, 2, 3, 1])
    return tf.reshape(pad(tf, channelsLast, 1, (size - own) / 2), [outChannels, patch])
  })
  const stack = tf.concat(rows, 0) as tf.Tensor2D
  const mean = tf.reshape(tf.matMul(stack, row, false, true), [-1]) as tf.Tensor1D
  const variance = tf.relu(
    tf.sum(tf.mul(affine(stack, covariance, undefined, false), stack), 1),
  ) as tf.Tensor1D
  const { gain, bias } = normalise(tf, branches, shape, mean, variance, observe)

  const scaled = tf.mul(stack, tf.reshape(gain, [-1, 1]))
  const summed = tf.sum(tf.reshape(scaled, [branches.length, outChannels, patch]), 0) as tf.Tensor2D
  return tf.reshape(affine(patches, tf.transpose(summed), bias, relu), [n, height, width, outChannels])
}

const depthwise: Run = (tf, { depthwise: convolve, depthwiseMoments }, x, branches, shape, observe) => {
  const { kernels, outChannels, stride, relu } = shape
  const size = Math.max(...kernels)
  const one = (): tf.Tensor4D => tf.ones([1, 1, outChannels, 1])
  const filters = branches.map(({ kernel }): tf.Tensor4D => {
    const w = kernel ? tf.transpose(kernel, [2, 3, 0, 1]) : one()
    return pad(tf, w, 0, (size - w.shape[0]) / 2)
  })
  const all = tf.concat(filters, 3)
  // Channel c of branch b is channel `c * branches + b` there, and `b * channels + c` here.
  const byBranch = (values: tf.Tensor1D): tf.Tensor1D =>
    tf.reshape(tf.transpose(tf.reshape(values, [outChannels, branches.length])), [-1])
  const [mean, variance] = depthwiseMoments(x, all, stride).map(byBranch) as [tf.Tensor1D, tf.Tensor1D]
  const { gain, bias } = normalise(tf, branches, shape, mean, variance, observe)

  const gains = tf.transpose(tf.reshape(gain, [branches.length, outChannels]))
  const summed = tf.sum(tf.mul(all, tf.reshape(gains, [1, 1, outChannels, branches.length])), 3, true)
  return convolve(x, summed as tf.Tensor4D, bias, stride, relu)
}

/** Gain of each branch's channels, branch by branch, and the bias of the sum. */
function normalise(
  tf: Tfjs,
  branches: readonly Branch[],
  { outChannels, epsilon }: BranchShape,
  mean: tf.Tensor1D,
  variance: tf.Tensor1D,
  observe: ((statistics: tf.Tensor3D) => void) | undefined,
): { gain: tf.Tensor1D; bias: tf.Tensor1D } {
  if (observe) {
    observe(tf.reshape(tf.concat([mean, variance]), [2, branches.length, outChannels]))
  }
  const gather = (role: 'gamma' | 'beta'): tf.Tensor1D =>
    tf.concat(
      branches.map((branch) => branch[role]),
      0,
    ) as tf.Tensor1D
  const gain = tf.mul(gather('gamma'), tf.rsqrt(tf.add(variance, epsilon))) as tf.Tensor1D
  const shifts = tf.sub(gather('beta'), tf.mul(mean, gain))
  return { gain, bias: tf.sum(tf.reshape(shifts, [branches.length, outChannels]), 0) }
}

/** Each window of the input as the channels of one pixel, in the order row, column, channel. */
function im2col(
  tf: Tfjs,
  x: tf.Tensor4D,
  size: number,
  inChannels: number,
  stride: readonly [number, number],
): tf.Tensor4D {
  const patch = size * size * inChannels
  const filter = tf.reshape(tf.eye(patch), [size, size, inChannels, patch]) as tf.Tensor4D
  const margin = (size - 1) / 2
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
