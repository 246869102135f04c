import type * as tf from '@tensorflow/tfjs-core'

/** TensorFlow.js: `@tensorflow/tfjs-core`, or `@tensorflow/tfjs`, which contains it. */
export type Tfjs = typeof import('@tensorflow/tfjs-core')

/**
 * The differentiable operations a training step spends its time in. Channels are the last axis. Each is one kernel where
 * the backend has ours, otherwise a composition of TensorFlow.js's own operations with the same results and gradients.
 */
export interface Primitives {
  /** `x w + bias`, then ReLU where asked: x [rows, in], w [in, out], bias [out]. */
  affine(x: tf.Tensor2D, w: tf.Tensor2D, bias: tf.Tensor1D | undefined, relu: boolean): tf.Tensor2D
  /** `x^T x` of x [rows, in]: [in, in]. */
  gram(x: tf.Tensor2D): tf.Tensor2D
  /** Sum and sum of squares over all axes but the last: two vectors of one element per channel. */
  sums(x: tf.Tensor): [sum: tf.Tensor1D, squares: tf.Tensor1D]
  /**
   * Depthwise convolution with padding `floor(kernel / 2)`: x [n, h, w, c], filter [kernel, kernel, c, multiplier], bias
   * [c * multiplier], then ReLU where asked; output channel `c * multiplier + m`.
   */
  depthwise(
    x: tf.Tensor4D,
    filter: tf.Tensor4D,
    bias: tf.Tensor1D | undefined,
    stride: readonly [number, number],
    relu: boolean,
  ): tf.Tensor4D
  /**
   * `sums(depthwise(x, filter, undefined, stride, false))` without the convolution: sum and sum of squares of each output
   * channel `c * multiplier + m`, out of the moments of the k x k patches of each channel. Costs the same for any
   * multiplier, so all branches of a block belong in one filter (a 1 x 1 or identity branch as a centre tap).
   */
  depthwiseSums(
    x: tf.Tensor4D,
    filter: tf.Tensor4D,
    stride: readonly [number, number],
  ): [sum: tf.Tensor1D, squares: tf.Tensor1D]
}

export function createPrimitives(tf: Tfjs): Primitives {
  const self: Primitives = {
    affine(x, w, bias, relu) {
      const product = tf.matMul(x, w)
      const y = bias ? tf.add(product, bias) : product
      return (relu ? tf.relu(y) : y) as tf.Tensor2D
    },
    gram: (x) => tf.matMul(x, x, true, false) as tf.Tensor2D,
    sums(x) {
      const axes = x.shape.slice(1).map((_, axis) => axis)
      return [tf.sum(x, axes), tf.sum(tf.square(x), axes)] as [tf.Tensor1D, tf.Tensor1D]
    },
    depthwise(x, filter, bias, stride, relu) {
      const margin = (filter.shape[0] - 1) / 2
      const pad = [
        [0, 0],
        [margin, margin],
        [margin, margin],
        [0, 0],
      ]
      const y = tf.depthwiseConv2d(x, filter, [...stride] as [number, number], pad as unknown as number)
      const shifted = bias ? tf.add(y, bias) : y
      return (relu ? tf.relu(shifted) : shifted) as tf.Tensor4D
    },
    depthwiseSums(x, filter, stride) {
      return self.sums(self.depthwise(x, filter, undefined, stride, false))
    },
  }
  return self
}
