import {
  type Conv2d,
  floatWeight,
  interpolation,
  type Model,
  type Node,
  type Tensor,
  type Upsample,
} from '@mobileone/core'
import type * as tf from '@tensorflow/tfjs-core'
import type { Tfjs } from './library.ts'

/** The value of a node from the values it reads. Feature maps are NHWC. */
export type Compute = (...inputs: readonly tf.Tensor[]) => tf.Tensor

/** Make a weight that stays until the model is disposed; what it is made of goes at once. */
export type Keep = (make: () => tf.Tensor) => tf.Tensor

export interface Operation {
  /** The kernel of TensorFlow.js that does most of the work. */
  readonly kernel: string
  readonly compute: Compute
}

/** True where TensorFlow.js has no kernel: a convolution with both stride and dilation. */
export function isUnsupported(node: Node): boolean {
  const larger = ([height, width]: readonly [number, number]): boolean => height > 1 || width > 1
  return node.op === 'conv2d' && larger(node.stride) && larger(node.dilation)
}

/**
 * `node` as calls of TensorFlow.js, its weights uploaded.
 * @param relu With the ReLU that follows.
 * @param inOrder The axes of its values of rank 4 are in the model's order.
 */
export function operation(
  tf: Tfjs,
  model: Model,
  node: Node,
  { relu, inOrder }: { readonly relu: boolean; readonly inOrder: boolean },
  keep: Keep,
): Operation {
  const weight = (name: string): Tensor => floatWeight(model, name)
  const upload = (name: string): tf.Tensor => tf.tensor(weight(name).data, [...weight(name).shape])
  const vector = (name: string): tf.Tensor1D => keep(() => upload(name)) as tf.Tensor1D
  const activation = relu ? { activation: 'relu' as const } : {}
  const axisOf = inOrder ? (axis: number): number => axis : channelsLast
  switch (node.op) {
    case 'conv2d':
      return convolution(tf, node, weight(node.weight), relu, keep, vector)
    case 'linear': {
      const b = keep(() => tf.transpose(upload(node.weight))) as tf.Tensor2D
      const bias = node.bias === undefined ? {} : { bias: vector(node.bias) }
      return {
        kernel: '_FusedMatMul',
        compute: (x) => {
          const shape = (x as tf.Tensor).shape
          const a = tf.reshape(x as tf.Tensor, [-1, shape.at(-1) as number]) as tf.Tensor2D
          const y = tf.fused.matMul({ a, b, ...bias, ...activation })
          return tf.reshape(y, [...shape.slice(0, -1), -1])
        },
      }
    }
    case 'batchNorm': {
      const [mean, variance] = [vector(node.runningMean), vector(node.runningVar)]
      const [offset, scale] = [vector(node.bias), vector(node.weight)]
      return {
        kernel: 'FusedBatchNorm',
        compute: (x) => tf.batchNorm(x as tf.Tensor4D, mean, variance, offset, scale, node.epsilon),
      }
    }
    case 'relu':
      return { kernel: 'Relu', compute: (x) => tf.relu(x as tf.Tensor) }
    case 'sigmoid':
      return { kernel: 'Sigmoid', compute: (x) => tf.sigmoid(x as tf.Tensor) }
    case 'silu':
      return { kernel: 'Sigmoid', compute: (x) => tf.mul(x as tf.Tensor, tf.sigmoid(x as tf.Tensor)) }
    case 'relu6':
      return { kernel: 'Relu6', compute: (x) => tf.relu6(x as tf.Tensor) }
    case 'hardSigmoid':
      return { kernel: 'Relu6', compute: (x) => hardSigmoid(tf, x as tf.Tensor) }
    case 'hardSwish':
      return { kernel: 'Relu6', compute: (x) => tf.mul(x as tf.Tensor, hardSigmoid(tf, x as tf.Tensor)) }
    case 'gelu':
      return {
        kernel: 'Erf',
        compute: (x) => {
          const half = tf.mul(x as tf.Tensor, 0.5)
          return tf.mul(half, tf.add(tf.erf(tf.mul(x as tf.Tensor, Math.SQRT1_2)), 1))
        },
      }
    case 'add':
      return { kernel: 'Add', compute: (a, b) => tf.add(a as tf.Tensor, b as tf.Tensor) }
    case 'mul':
      return { kernel: 'Multiply', compute: (a, b) => tf.mul(a as tf.Tensor, b as tf.Tensor) }
    case 'affine': {
      const { scale, offset } = node
      return { kernel: 'Multiply', compute: (x) => tf.add(tf.mul(x as tf.Tensor, scale), offset) }
    }
    case 'maximum':
      return { kernel: 'Maximum', compute: (a, b) => tf.maximum(a as tf.Tensor, b as tf.Tensor) }
    case 'globalAvgPool':
      return { kernel: 'Mean', compute: (x) => tf.mean(x as tf.Tensor, [1, 2], true) }
    case 'flatten':
      return {
        kernel: 'Reshape',
        compute: (x) => tf.reshape(toNchw(tf, x as tf.Tensor), [x?.shape[0] ?? 1, -1]),
      }
    case 'softmax':
      return { kernel: 'Softmax', compute: (x) => tf.softmax(x as tf.Tensor) }
    case 'maxPool': {
      const { kernel, stride } = node
      const pad = explicitPadding(node.padding)
      return {
        kernel: 'MaxPool',
        compute: (x) => tf.maxPool(x as tf.Tensor4D, [...kernel], [...stride], pad, 'floor'),
      }
    }
    case 'upsample':
      return upsampling(tf, node)
    case 'concat':
      return {
        kernel: 'Concat',
        compute: (...inputs) => tf.concat([...inputs], axisOf(node.axis, inputs[0]?.rank)),
      }
    case 'slice':
      return {
        kernel: 'Slice',
        compute: (x) => {
          const { shape, rank } = x as tf.Tensor
          const axis = axisOf(node.axis, rank)
          const begin = shape.map((_, at) => (at === axis ? node.start : 0))
          const size = shape.map((all, at) => (at === axis ? node.end - node.start : all))
          return tf.slice(x as tf.Tensor, begin, size)
        },
      }
    case 'channelShuffle':
      return {
        kernel: 'Transpose',
        compute: (x) => {
          const { shape } = x as tf.Tensor4D
          const [n, h, w, c] = shape
          const apart = tf.reshape(x as tf.Tensor, [n * h * w, node.groups, c / node.groups])
          return tf.reshape(tf.transpose(apart, [0, 2, 1]), shape)
        },
      }
    case 'layerNorm': {
      const [scale, offset] = [node.weight, node.bias].map((name) => name && vector(name))
      return {
        kernel: 'Mean',
        compute: (x) => {
          const { mean, variance } = tf.moments(x as tf.Tensor, -1, true)
          const gain = tf.rsqrt(tf.add(variance, node.epsilon))
          const y = tf.mul(tf.sub(x as tf.Tensor, mean), gain)
          const scaled = scale ? tf.mul(y, scale) : y
          return offset ? tf.add(scaled, offset) : scaled
        },
      }
    }
    case 'matmul':
      return {
        kernel: 'BatchMatMul',
        compute: (a, b) => {
          const y = tf.matMul(a as tf.Tensor, b as tf.Tensor, false, node.transposeB)
          return node.scale === undefined ? y : tf.mul(y, node.scale)
        },
      }
    case 'reshape':
      return {
        kernel: 'Reshape',
        compute: (x) => {
          const sizes = node.shape.map((size, axis) => (size === 0 ? x?.shape[axis] : size) as number)
          return tf.reshape(x as tf.Tensor, sizes)
        },
      }
    case 'transpose':
      return {
        kernel: 'Transpose',
        compute: (x) => tf.transpose(x as tf.Tensor, [...node.permutation]),
      }
    case 'parameter': {
      const value = keep(() => upload(node.weight))
      const ones = value.shape.slice(1).map(() => 1)
      return { kernel: 'Tile', compute: (x) => tf.tile(value, [x?.shape[0] ?? 1, ...ones]) }
    }
    default:
      return node satisfies never
  }
}

/** The axis of a feature map in the layout NHWC; that of other values as it is. */
function channelsLast(axis: number, rank: number | undefined): number {
  return rank === 4 ? ((axis + 1) % 3) + 1 : axis
}

function explicitPadding([top, left]: readonly [number, number]): tf.backend_util.ExplicitPadding {
  return [
    [0, 0],
    [top, top],
    [left, left],
    [0, 0],
  ]
}

/** PyTorch's sampling: half-pixel centres where corners are not aligned. Nearest gathers, since that of the library rounds by backend. */
function upsampling(tf: Tfjs, node: Upsample): Operation {
  const sizes = ([, height = 1, width = 1]: readonly number[]): [number, number] => {
    const [up, across] = node.scale ?? [1, 1]
    return node.size ? [...node.size] : [height * up, width * across]
  }
  if (node.mode === 'bilinear') {
    const corners = node.alignCorners ?? false
    return {
      kernel: 'ResizeBilinear',
      compute: (x) =>
        tf.image.resizeBilinear(x as tf.Tensor4D, sizes((x as tf.Tensor).shape), corners, !corners),
    }
  }
  const pick = (x: tf.Tensor, axis: number, to: number): tf.Tensor => {
    const pixels = interpolation(node, x.shape[axis] as number, to).map(([tap]) => tap?.[0] ?? 0)
    return tf.gather(x, tf.tensor1d(pixels, 'int32'), axis)
  }
  return {
    kernel: 'GatherV2',
    compute: (x) => {
      const [height, width] = sizes((x as tf.Tensor).shape)
      return pick(pick(x as tf.Tensor, 1, height), 2, width)
    },
  }
}

function hardSigmoid(tf: Tfjs, x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.relu6(tf.add(x, 3)), 1 / 6)
}

/** A feature map as PyTorch lays it out; other values as they are. */
export function toNchw(tf: Tfjs, x: tf.Tensor): tf.Tensor {
  if (x.rank !== 4) return x
  const [batch = 1, height = 1, width = 1, channels = 1] = x.shape
  // Without a kernel: a pooled map lies the same in both layouts.
  if (height * width === 1) return tf.reshape(x, [batch, channels, 1, 1])
  return tf.transpose(x, [0, 3, 1, 2])
}

/** The inverse of {@link toNchw}. */
export function toNhwc(tf: Tfjs, x: tf.Tensor): tf.Tensor {
  return x.rank === 4 ? tf.transpose(x, [0, 2, 3, 1]) : x
}

function convolution(
  tf: Tfjs,
  node: Conv2d,
  weight: Tensor,
  relu: boolean,
  keep: Keep,
  vector: (name: string) => tf.Tensor1D,
): Operation {
  const [outChannels = 1, perGroup = 1, kernelHeight = 1, kernelWidth = 1] = weight.shape
  const { groups } = node
  const padding = explicitPadding(node.padding)
  const settings = {
    strides: [...node.stride] as [number, number],
    dilations: [...node.dilation] as [number, number],
    // A number in place of the pairs makes TensorFlow.js 4.22 take the vertical stride and dilation for both.
    pad: padding,
    dimRoundingMode: 'floor' as const,
    ...(relu && { activation: 'relu' as const }),
  }
  const bias = node.bias === undefined ? undefined : vector(node.bias)

  if (groups > 1 && perGroup === 1) {
    const shape: [number, number, number, number] = [groups, outChannels / groups, kernelHeight, kernelWidth]
    const filter = keep(() => tf.transpose(tf.tensor4d(weight.data, shape), [2, 3, 0, 1])) as tf.Tensor4D
    return {
      kernel: 'FusedDepthwiseConv2D',
      compute: (x) =>
        tf.fused.depthwiseConv2d({
          ...settings,
          // The declaration of this one function leaves out the pairs, which its kernels take as conv2d's do.
          pad: padding as unknown as number,
          x: x as tf.Tensor4D,
          filter,
          ...(bias && { bias }),
        }),
    }
  }

  const perFilter = outChannels / groups
  const shape: [number, number, number, number] = [perFilter, perGroup, kernelHeight, kernelWidth]
  const parts = Array.from({ length: groups }, (_, group) => {
    const size = weight.data.length / groups
    const data = weight.data.subarray(group * size, (group + 1) * size)
    const filter = keep(() => tf.transpose(tf.tensor4d(data, shape), [2, 3, 1, 0])) as tf.Tensor4D
    const own = bias && groups > 1 ? keep(() => tf.slice(bias, group * perFilter, perFilter)) : bias
    return { ...settings, filter, ...(own && { bias: own }) }
  })
  const [only] = parts
  return {
    kernel: 'FusedConv2D',
    compute:
      groups === 1 && only
        ? (x) => tf.fused.conv2d({ ...only, x: x as tf.Tensor4D })
        : (x) =>
            tf.concat(
              tf
                .split<tf.Tensor4D>(x as tf.Tensor4D, groups, 3)
                .map((slice, group) =>
                  tf.fused.conv2d({ ...(parts[group] as NonNullable<typeof only>), x: slice }),
                ),
              3,
            ),
  }
}
