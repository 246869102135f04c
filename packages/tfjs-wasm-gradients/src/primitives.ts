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
  /** `x^T x` of x [rows, in]: [in, in]. */
  gram(x: tf.Tensor2D): tf.Tensor2D
  /** {@link gram} and the sums of the columns [in], for the price of the first. */
  gramSums(x: tf.Tensor2D): [gram: tf.Tensor2D, sum: tf.Tensor1D]
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
    gram: (x) => primitives.gramSums(x)[0],
    gramSums(x) {
      if (!has('MobileOneGram')) return composed.gramSums(x)
      const both = differentiable<tf.Tensor2D>(
        [x],
        () => run('MobileOneGram', { x }, {}),
        () => [x],
        (d, [x]) => run('MobileOneGramGradient', { x, d }, {}),
      )
      const n = x.shape[1]
      return [tf.slice2d(both, [0, 0], [n, n]), tf.reshape(tf.slice2d(both, [n, 0], [1, n]), [n])]
    },
    sums(x) {
      if (!has('MobileOneSums')) return composed.sums(x)
      return pair(
        differentiable(
          [x],
          () => run('MobileOneSums', { x }, {}),
          () => [x],
          (d, [x]) => run('MobileOneSumsGradient', { x, d }, {}),
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
    depthwiseSums(x, filter, stride) {
      if (!has('MobileOneDepthwiseSums')) return composed.depthwiseSums(x, filter, stride)
      return pair(
        differentiable(
          [x, filter],
          () => run('MobileOneDepthwiseSums', { x, filter }, { stride }),
          ([, moments]) => [x, filter, moments!],
          (d, [x, filter, moments]) =>
            run('MobileOneDepthwiseSumsGradient', { x, filter, moments, d }, { stride }),
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
    gram: (x) => tf.matMul(x, x, true, false) as tf.Tensor2D,
    gramSums: (x) => [self.gram(x), tf.sum(x, 0)],
    sums(x) {
      const axes = x.shape.slice(1).map((_, axis) => axis)
      return [tf.sum(x, axes), tf.sum(tf.square(x), axes)] as [tf.Tensor1D, tf.Tensor1D]
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
    depthwiseSums(x, filter, stride) {
      return self.sums(self.depthwise(x, filter, undefined, stride, false))
    },
  }
  return self
}
