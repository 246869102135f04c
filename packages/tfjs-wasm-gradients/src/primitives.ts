import type * as tf from '@tensorflow/tfjs-core'

/** TensorFlow.js: `@tensorflow/tfjs-core`, or `@tensorflow/tfjs`, which contains it. */
export type Tfjs = typeof import('@tensorflow/tfjs-core')

/**
 * The differentiable operations a training step of a convolutional network spends its time in. Channels are the last axis.
 * Each is one kernel where the backend has ours, otherwise a composition of TensorFlow.js's own operations with the same
 * results and gradients.
 */
export interface Primitives {
  /** `x w + bias`, then ReLU where asked: x [rows, in], w [in, out], bias [out]. */
  affine(x: tf.Tensor2D, w: tf.Tensor2D, bias: tf.Tensor1D | undefined, relu: boolean): tf.Tensor2D
  /**
   * Of the columns of x [rows, n] the covariance [n, n], divided by the number of rows, and the means [n]. Exact to rounding
   * of the deviations, however large the means are.
   */
  covariance(x: tf.Tensor2D): [covariance: tf.Tensor2D, mean: tf.Tensor1D]
  /** Mean and variance (biased) over all axes but the last: two vectors of one element per channel. As exact. */
  moments(x: tf.Tensor): [mean: tf.Tensor1D, variance: tf.Tensor1D]
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
   * `moments(depthwise(x, filter, undefined, stride, false))` without the convolution: mean and variance of each output
   * channel `c * multiplier + m`, out of the moments of the k x k patches of each channel. Costs the same for any
   * multiplier, so all branches of a block belong in one filter (a 1 x 1 or identity branch as a centre tap).
   */
  depthwiseMoments(
    x: tf.Tensor4D,
    filter: tf.Tensor4D,
    stride: readonly [number, number],
  ): [mean: tf.Tensor1D, variance: tf.Tensor1D]
}

/**
 * The primitives for whatever backend `tf` runs on when they are called; call `registerWasmGradients` first to have our
 * kernels on 'wasm'. First derivatives only.
 */
export function createPrimitives(tf: Tfjs): Primitives {
  const composed = composedPrimitives(tf)
  const has = (name: string): boolean => tf.getKernel(name, tf.getBackend()) != null
  const run = (name: string, inputs: Record<string, tf.Tensor | undefined>, attrs: object): tf.Tensor[] => {
    const given = Object.fromEntries(Object.entries(inputs).filter(([, tensor]) => tensor))
    const outputs: tf.Tensor | tf.Tensor[] = tf
      .engine()
      .runKernel(name, given as tf.NamedTensorMap, { ...attrs })
    return Array.isArray(outputs) ? outputs : [outputs]
  }

  /** `forward` with its first result as value, its results named in `save` kept for `backward`. */
  const differentiable = <T extends tf.Tensor>(
    inputs: readonly tf.Tensor[],
    forward: () => tf.Tensor[],
    keep: (outputs: readonly tf.Tensor[]) => tf.Tensor[],
    backward: (dy: tf.Tensor, kept: tf.Tensor[]) => tf.Tensor[],
  ): T =>
    tf.customGrad((...args) => {
      const save = args.at(-1) as unknown as tf.GradSaveFunc
      const outputs = forward()
      save(keep(outputs))
      return { value: outputs[0] as T, gradFunc: (dy, kept) => backward(dy, kept) }
    })(...inputs) as T

  const primitives: Primitives = {
    affine(x, w, bias, relu) {
      if (!has('MobileOneAffine')) return composed.affine(x, w, bias, relu)
      return differentiable(
        bias ? [x, w, bias] : [x, w],
        () => run('MobileOneAffine', { x, w, bias }, { relu }),
        ([y]) => (relu ? [x, w, y!] : [x, w]),
        (dy, [x, w, y]) => run('MobileOneAffineGradient', { x, w, y, dy }, { bias: bias !== undefined }),
      )
    },
    covariance(x) {
      if (!has('MobileOneCovariance')) return composed.covariance(x)
      const both = differentiable<tf.Tensor2D>(
        [x],
        () => run('MobileOneCovariance', { x }, {}),
        ([c]) => [x, c!],
        (d, [x, c]) => run('MobileOneCovarianceGradient', { x, c, d }, {}),
      )
      const n = x.shape[1]
      return [tf.slice2d(both, [0, 0], [n, n]), tf.reshape(tf.slice2d(both, [n, 0], [1, n]), [n])]
    },
    moments(x) {
      if (!has('MobileOneMoments')) return composed.moments(x)
      return pair(
        differentiable(
          [x],
          () => run('MobileOneMoments', { x }, {}),
          ([moments]) => [x, moments!],
          (d, [x, moments]) => run('MobileOneMomentsGradient', { x, moments, d }, {}),
        ),
      )
    },
    depthwise(x, filter, bias, stride, relu) {
      if (!has('MobileOneDepthwise')) return composed.depthwise(x, filter, bias, stride, relu)
      return differentiable(
        bias ? [x, filter, bias] : [x, filter],
        () => run('MobileOneDepthwise', { x, filter, bias }, { stride, relu }),
        ([y]) => (relu ? [x, filter, y!] : [x, filter]),
        (dy, [x, filter, y]) =>
          run('MobileOneDepthwiseGradient', { x, filter, y, dy }, { stride, bias: bias !== undefined }),
      )
    },
    depthwiseMoments(x, filter, stride) {
      if (!has('MobileOneDepthwiseMoments')) return composed.depthwiseMoments(x, filter, stride)
      return pair(
        differentiable(
          [x, filter],
          () => run('MobileOneDepthwiseMoments', { x, filter }, { stride }),
          ([, moments]) => [x, filter, moments!],
          (d, [x, filter, moments]) =>
            run('MobileOneDepthwiseMomentsGradient', { x, filter, moments, d }, { stride }),
        ),
      )
    },
  }
  return primitives

  function pair(rows: tf.Tensor2D): [tf.Tensor1D, tf.Tensor1D] {
    return tf.unstack(rows) as [tf.Tensor1D, tf.Tensor1D]
  }
}

/** The primitives out of the operations every backend of TensorFlow.js has. */
export function composedPrimitives(tf: Tfjs): Primitives {
  const self: Primitives = {
    affine(x, w, bias, relu) {
      const product = tf.matMul(x, w)
      const y = bias ? tf.add(product, bias) : product
      return (relu ? tf.relu(y) : y) as tf.Tensor2D
    },
    covariance(x) {
      const [rows] = x.shape
      const mean = tf.mean(x, 0) as tf.Tensor1D
      const deviations = tf.sub(x, mean) as tf.Tensor2D
      return [tf.div(tf.matMul(deviations, deviations, true, false), rows) as tf.Tensor2D, mean]
    },
    moments(x) {
      const axes = x.shape.slice(1).map((_, axis) => axis)
      const mean = tf.mean(x, axes) as tf.Tensor1D
      return [mean, tf.mean(tf.square(tf.sub(x, mean)), axes) as tf.Tensor1D]
    },
    depthwise(x, filter, bias, stride, relu) {
      const margin = Math.floor(filter.shape[0] / 2)
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
    depthwiseMoments(x, filter, stride) {
      return self.moments(self.depthwise(x, filter, undefined, stride, false))
    },
  }
  return self
}
