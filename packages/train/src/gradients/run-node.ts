import { type BatchNorm, type Conv2d, MobileOneError, type Node } from '@mobileone/core'
import type { Primitives, Tfjs } from '@mobileone/tfjs-wasm-gradients'
import type * as tf from '@tensorflow/tfjs-core'
import { maxPool, upsample } from './resample.ts'

/** A weight as the network being trained sees it now, in PyTorch's layout. */
export type ReadWeight = (name: string) => tf.Tensor

/** What a batch normalisation saw: mean and variance (of the batch, biased) over `count` values of each channel. */
export type Observe = (node: BatchNorm, mean: tf.Tensor1D, variance: tf.Tensor1D, count: number) => void

/** The value of one node in training mode, from the values it reads. Feature maps are NHWC. */
export function runNode(
  tf: Tfjs,
  primitives: Primitives,
  node: Node,
  inputs: readonly tf.Tensor[],
  weight: ReadWeight,
  observe: Observe,
): tf.Tensor {
  const [x, other] = inputs as [tf.Tensor, tf.Tensor]
  const optional = (name: string | undefined): tf.Tensor1D | undefined =>
    name === undefined ? undefined : (weight(name) as tf.Tensor1D)
  switch (node.op) {
    case 'conv2d':
      return convolution(
        tf,
        primitives,
        node,
        x as tf.Tensor4D,
        weight(node.weight) as tf.Tensor4D,
        optional(node.bias),
      )
    case 'batchNorm': {
      const channels = x.shape.at(-1) as number
      const count = x.size / channels
      const [mean, variance] = primitives.moments(x)
      observe(node, mean, variance, count)
      const gain = tf.mul(weight(node.weight), tf.rsqrt(tf.add(variance, node.epsilon)))
      return tf.add(tf.mul(x, gain), tf.sub(weight(node.bias), tf.mul(mean, gain)))
    }
    case 'linear':
      return primitives.affine(
        x as tf.Tensor2D,
        tf.transpose(weight(node.weight) as tf.Tensor2D),
        optional(node.bias),
        false,
      )
    case 'relu':
      return tf.relu(x)
    case 'sigmoid':
      return tf.sigmoid(x)
    case 'silu':
      return tf.mul(x, tf.sigmoid(x))
    case 'relu6':
      return tf.relu6(x)
    case 'hardSigmoid':
      return hardSigmoid(tf, x)
    case 'hardSwish':
      return tf.mul(x, hardSigmoid(tf, x))
    case 'gelu':
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1))
    case 'add':
      return tf.add(x, other)
    case 'mul':
      return tf.mul(x, other)
    case 'affine':
      return tf.add(tf.mul(x, node.scale), node.offset)
    case 'maximum':
      return tf.maximum(x, other)
    case 'globalAvgPool':
      return tf.mean(x, [1, 2], true)
    case 'flatten':
      return tf.reshape(x.rank === 4 ? tf.transpose(x, [0, 3, 1, 2]) : x, [x.shape[0] as number, -1])
    case 'softmax':
      return tf.softmax(x)
    case 'maxPool':
      return maxPool(tf, node, x as tf.Tensor4D)
    case 'upsample':
      return upsample(tf, node, x as tf.Tensor4D)
    case 'concat':
      return tf.concat([...inputs], channelsLast(node.axis, x.rank))
    case 'slice': {
      const axis = channelsLast(node.axis, x.rank)
      const begin = x.shape.map((_, at) => (at === axis ? node.start : 0))
      const size = x.shape.map((all, at) => (at === axis ? node.end - node.start : all))
      return tf.slice(x, begin, size)
    }
    case 'channelShuffle': {
      const [n = 1, h = 1, w = 1, c = 1] = x.shape
      const apart = tf.reshape(x, [n * h * w, node.groups, c / node.groups])
      return tf.reshape(tf.transpose(apart, [0, 2, 1]), x.shape)
    }
    case 'layerNorm':
    case 'matmul':
    case 'reshape':
    case 'transpose':
    case 'parameter':
      throw new MobileOneError('unsupported', `node "${node.name}" (${node.op}) cannot be trained here`)
    default:
      return node satisfies never
  }
}

/** The axis of a feature map in the layout NHWC; that of other values as it is. */
function channelsLast(axis: number, rank: number): number {
  return rank === 4 ? ((axis + 1) % 3) + 1 : axis
}

function hardSigmoid(tf: Tfjs, x: tf.Tensor): tf.Tensor {
  return tf.div(tf.relu6(tf.add(x, 3)), 6)
}

function convolution(
  tf: Tfjs,
  { affine }: Primitives,
  node: Conv2d,
  x: tf.Tensor4D,
  weight: tf.Tensor4D,
  bias: tf.Tensor1D | undefined,
): tf.Tensor4D {
  const [outChannels, perGroup, height, width] = weight.shape
  const [top, left] = node.padding
  const { groups } = node
  if (groups === 1 && height * width * node.stride[0] * node.stride[1] === 1 && top === 0 && left === 0) {
    const [n, rows, columns, channels] = x.shape
    const flat = tf.reshape(x, [n * rows * columns, channels]) as tf.Tensor2D
    const w = tf.transpose(tf.reshape(weight, [outChannels, perGroup]) as tf.Tensor2D)
    return tf.reshape(affine(flat, w, bias, false), [n, rows, columns, outChannels])
  }
  const strides = [...node.stride] as [number, number]
  const dilations = [...node.dilation] as [number, number]
  // A number in place of the pairs makes TensorFlow.js 4.22 take the vertical stride and dilation for both.
  const padding: tf.backend_util.ExplicitPadding = [
    [0, 0],
    [top, top],
    [left, left],
    [0, 0],
  ]
  const plain = (part: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D =>
    tf.conv2d(part, filter, strides, padding, 'NHWC', dilations, 'floor')
  let y: tf.Tensor4D
  if (groups === 1) y = plain(x, tf.transpose(weight, [2, 3, 1, 0]))
  else if (perGroup === 1) {
    const filter = tf.transpose(
      tf.reshape(weight, [groups, outChannels / groups, height, width]) as tf.Tensor4D,
      [2, 3, 0, 1],
    )
    // The declaration of this one function leaves out the pairs, which its kernels take as conv2d's do.
    y = tf.depthwiseConv2d(x, filter, strides, padding as unknown as number, 'NHWC', dilations, 'floor')
  } else {
    const filters = tf.split<tf.Tensor4D>(tf.transpose<tf.Tensor4D>(weight, [2, 3, 1, 0]), groups, 3)
    y = tf.concat(
      tf.split<tf.Tensor4D>(x, groups, 3).map((part, group) => plain(part, filters[group] as tf.Tensor4D)),
      3,
    )
  }
  return bias ? tf.add(y, bias) : y
}
