import { interpolation, type MaxPool, type Upsample } from '@mobileone/core'
import type { Tfjs } from '@mobileone/tfjs-wasm-gradients'
import type * as tf from '@tensorflow/tfjs-core'

/**
 * {@link MaxPool} of an NHWC map as the maximum of one map for each place of the window, which has a gradient on every backend: TensorFlow.js
 * has MaxPoolGrad on few. Of equal values the first one gets the gradient, as in PyTorch.
 */
export function maxPool(tf: Tfjs, { kernel, stride, padding }: MaxPool, x: tf.Tensor4D): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape
  const [rows, columns] = [0, 1].map((axis) => {
    const size = [height, width][axis] as number
    const [k, s, p] = [kernel[axis], stride[axis], padding[axis]] as [number, number, number]
    const results = Math.floor((size + 2 * p - k) / s) + 1
    return { s, p, results, after: Math.max(0, k - 1 + results * s - p - size) }
  }) as [Axis, Axis]
  const padded = tf.pad4d(
    x,
    [
      [0, 0],
      [rows.p, rows.after],
      [columns.p, columns.after],
      [0, 0],
    ],
    Number.NEGATIVE_INFINITY,
  )
  let most: tf.Tensor4D | undefined
  for (let ky = 0; ky < kernel[0]; ky++) {
    for (let kx = 0; kx < kernel[1]; kx++) {
      const covered = tf.slice4d(
        padded,
        [0, ky, kx, 0],
        [batch, rows.results * rows.s, columns.results * columns.s, channels],
      )
      const part = every(tf, every(tf, covered, 1, rows.s), 2, columns.s)
      most = most ? tf.maximum(most, part) : part
    }
  }
  return most as tf.Tensor4D
}

interface Axis {
  readonly s: number
  readonly p: number
  readonly results: number
  /** Rows or columns to add after the last one. */
  readonly after: number
}

/** The elements 0, step, 2 step, ... along `axis`, whose size is a multiple of `step`. */
function every(tf: Tfjs, x: tf.Tensor4D, axis: 1 | 2, step: number): tf.Tensor4D {
  if (step === 1) return x
  const shape: [number, number, number, number] = [...x.shape]
  const outer = shape.slice(0, axis).reduce((product, size) => product * size, 1)
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1)
  const count = shape[axis] / step
  shape[axis] = count
  const grouped = tf.reshape(x, [outer * count, step, inner]) as tf.Tensor3D
  return tf.reshape(tf.slice3d(grouped, [0, 0, 0], [outer * count, 1, inner]), shape)
}

/**
 * {@link Upsample} of an NHWC map as two products with the shares of the pixels: the library's resizing has a gradient for aligned corners
 * alone, and only on some backends.
 */
export function upsample(tf: Tfjs, node: Upsample, x: tf.Tensor4D): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape
  const [up, across] = node.scale ?? [1, 1]
  const [toHeight, toWidth] = node.size ?? [height * up, width * across]
  const shares = (from: number, to: number): tf.Tensor3D => {
    const matrix = new Float32Array(to * from)
    for (const [result, taps] of interpolation(node, from, to).entries()) {
      for (const [pixel, share] of taps) matrix[result * from + pixel] = share
    }
    return tf.tensor3d(matrix, [1, to, from])
  }
  const tall = tf.matMul(
    shares(height, toHeight),
    tf.reshape(x, [batch, height, width * channels]) as tf.Tensor3D,
  )
  const rows = tf.reshape(tall, [batch * toHeight, width, channels]) as tf.Tensor3D
  return tf.reshape(tf.matMul(shares(width, toWidth), rows), [batch, toHeight, toWidth, channels])
}
