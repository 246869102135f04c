/**
 * Naive loops over NCHW arrays, one function per op: the oracle every backend is compared with. Sums are float64 and
 * rounded once to float32. Nothing here is meant to be fast.
 */
import { interpolation } from '../model/interpolation.ts'
import type {
  BatchNorm,
  ChannelShuffle,
  Concat,
  Conv2d,
  Matmul,
  MaxPool,
  Op,
  Slice,
  Transpose,
  Upsample,
} from '../model/model.ts'
import type { NodeOf } from '../model/ops.ts'
import { elementCount, type Tensor, tensor } from '../model/tensor.ts'

/** What the kernel of an op gets. */
export interface Call<K extends Op = Op> {
  readonly node: NodeOf<K>
  readonly x: Tensor
  /** The second value, for ops that read two. */
  readonly y: Tensor
  /** All values, for ops that read any number of them. */
  readonly inputs: readonly Tensor[]
  /** The elements of a weight in float32. */
  readonly weight: (name: string) => Tensor
  /** Of the result. */
  readonly shape: readonly number[]
}

/** The kernel of every op. */
export const kernels: { readonly [K in Op]: (call: Call<K>) => Tensor } = {
  conv2d: ({ node, x, weight, shape }) =>
    conv2d(node, x, weight(node.weight), optional(weight, node.bias), shape),
  batchNorm: ({ node, x, weight }) => batchNorm(node, x, weight),
  linear: ({ node, x, weight, shape }) => linear(x, weight(node.weight), optional(weight, node.bias), shape),
  relu: ({ x }) => relu(x),
  relu6: ({ x }) => map(x, clampTo6),
  sigmoid: ({ x }) => sigmoid(x),
  hardSigmoid: ({ x }) => map(x, (value) => clampTo6(value + 3) / 6),
  silu: ({ x }) => silu(x),
  hardSwish: ({ x }) => hardSwish(x),
  gelu: ({ x }) => gelu(x),
  affine: ({ node, x }) => map(x, (value) => node.scale * value + node.offset),
  add: ({ x, y }) => combine(x, y, (a, b) => a + b),
  mul: ({ x, y }) => combine(x, y, (a, b) => a * b),
  maximum: ({ x, y }) => combine(x, y, Math.max),
  globalAvgPool: ({ x }) => globalAvgPool(x),
  maxPool: ({ node, x, shape }) => maxPool(node, x, shape),
  upsample: ({ node, x, shape }) => upsample(node, x, shape),
  concat: ({ node, inputs, shape }) => concat(node, inputs, shape),
  slice: ({ node, x, shape }) => slice(node, x, shape),
  channelShuffle: ({ node, x }) => channelShuffle(node, x),
  flatten: ({ x, shape }) => tensor(shape, x.data.subarray(0, elementCount(shape))),
  softmax: ({ x }) => softmax(x),
  layerNorm: ({ node, x, weight }) =>
    layerNorm(x, optional(weight, node.weight), optional(weight, node.bias), node.epsilon),
  matmul: ({ node, x, y, shape }) => matmul(node, x, y, shape),
  reshape: ({ x, shape }) => tensor(shape, x.data),
  transpose: ({ node, x, shape }) => transpose(node, x, shape),
  parameter: ({ node, weight, shape }) => {
    const { data } = weight(node.weight)
    return map(tensor(shape), (_, index) => data[index % data.length] as number)
  },
}

function optional(weight: (name: string) => Tensor, name: string | undefined): Tensor | undefined {
  return name === undefined ? undefined : weight(name)
}

function conv2d(
  node: Conv2d,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  shape: readonly number[],
): Tensor {
  const [batch = 0, outChannels = 0, outHeight = 0, outWidth = 0] = shape
  const [, inChannels = 0, height = 0, width = 0] = x.shape
  const [, perGroup = 0, kernelHeight = 0, kernelWidth = 0] = weight.shape
  const [strideY, strideX] = node.stride
  const [padY, padX] = node.padding
  const [dilationY, dilationX] = node.dilation
  const outPerGroup = outChannels / node.groups
  const result = new Float32Array(batch * outChannels * outHeight * outWidth)
  let position = 0
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outChannels; o++) {
      const firstChannel = Math.floor(o / outPerGroup) * perGroup
      const start = bias ? (bias.data[o] as number) : 0
      for (let oy = 0; oy < outHeight; oy++) {
        for (let ox = 0; ox < outWidth; ox++) {
          let sum = start
          for (let c = 0; c < perGroup; c++) {
            const plane = (n * inChannels + firstChannel + c) * height
            const filter = (o * perGroup + c) * kernelHeight
            for (let ky = 0; ky < kernelHeight; ky++) {
              const y = oy * strideY - padY + ky * dilationY
              if (y < 0 || y >= height) continue
              for (let kx = 0; kx < kernelWidth; kx++) {
                const xx = ox * strideX - padX + kx * dilationX
                if (xx < 0 || xx >= width) continue
                sum +=
                  (x.data[(plane + y) * width + xx] as number) *
                  (weight.data[(filter + ky) * kernelWidth + kx] as number)
              }
            }
          }
          result[position++] = sum
        }
      }
    }
  }
  return tensor(shape, result)
}

function batchNorm(node: BatchNorm, x: Tensor, weights: (name: string) => Tensor): Tensor {
  const [gamma, beta] = [weights(node.weight).data, weights(node.bias).data]
  const [mean, variance] = [weights(node.runningMean).data, weights(node.runningVar).data]
  const [batch = 0, channels = 0] = x.shape
  const plane = x.data.length / (batch * channels)
  return map(x, (value, index) => {
    const channel = Math.floor(index / plane) % channels
    const scale = (gamma[channel] as number) / Math.sqrt((variance[channel] as number) + node.epsilon)
    return (value - (mean[channel] as number)) * scale + (beta[channel] as number)
  })
}

function linear(x: Tensor, weight: Tensor, bias: Tensor | undefined, shape: readonly number[]): Tensor {
  const [outputs = 0, inputs = 0] = weight.shape
  const result = new Float32Array(elementCount(shape))
  for (let n = 0; n * inputs < x.data.length; n++) {
    for (let o = 0; o < outputs; o++) {
      let sum = bias ? (bias.data[o] as number) : 0
      for (let i = 0; i < inputs; i++)
        sum += (x.data[n * inputs + i] as number) * (weight.data[o * inputs + i] as number)
      result[n * outputs + o] = sum
    }
  }
  return tensor(shape, result)
}

/** NaN stays NaN, as in PyTorch. */
function relu(x: Tensor): Tensor {
  return map(x, (value) => Math.max(value, 0))
}

/** NaN stays NaN. */
function clampTo6(value: number): number {
  return Math.min(Math.max(value, 0), 6)
}

function sigmoid(x: Tensor): Tensor {
  return map(x, (value) => 1 / (1 + Math.exp(-value)))
}

/** At minus infinity the product form is NaN, as in PyTorch. */
function silu(x: Tensor): Tensor {
  return map(x, (value) => value / (1 + Math.exp(-value)))
}

/** At minus infinity the product is NaN, as in PyTorch. */
function hardSwish(x: Tensor): Tensor {
  return map(x, (value) => (value * clampTo6(value + 3)) / 6)
}

function gelu(x: Tensor): Tensor {
  return map(x, (value) => 0.5 * value * (1 + erf(value / Math.SQRT2)))
}

/** Each number of the second value goes with as many numbers of the first as there are: with its pixel, its channel or its item. */
function combine(a: Tensor, b: Tensor, apply: (a: number, b: number) => number): Tensor {
  const share = a.data.length / b.data.length
  return map(a, (value, index) => apply(value, b.data[Math.floor(index / share)] as number))
}

function globalAvgPool(x: Tensor): Tensor {
  const [batch = 0, channels = 0, height = 0, width = 0] = x.shape
  const plane = height * width
  const result = new Float32Array(batch * channels)
  for (let index = 0; index < result.length; index++) {
    let sum = 0
    for (let pixel = 0; pixel < plane; pixel++) sum += x.data[index * plane + pixel] as number
    result[index] = sum / plane
  }
  return tensor([batch, channels, 1, 1], result)
}

function maxPool({ kernel, stride, padding }: MaxPool, x: Tensor, shape: readonly number[]): Tensor {
  const [batch = 0, channels = 0, outHeight = 0, outWidth = 0] = shape
  const [, , height = 0, width = 0] = x.shape
  const result = new Float32Array(batch * channels * outHeight * outWidth)
  let position = 0
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        let largest = Number.NEGATIVE_INFINITY
        for (let ky = 0; ky < kernel[0]; ky++) {
          const y = oy * stride[0] - padding[0] + ky
          if (y < 0 || y >= height) continue
          for (let kx = 0; kx < kernel[1]; kx++) {
            const xx = ox * stride[1] - padding[1] + kx
            if (xx < 0 || xx >= width) continue
            largest = Math.max(largest, x.data[(plane * height + y) * width + xx] as number)
          }
        }
        result[position++] = largest
      }
    }
  }
  return tensor(shape, result)
}

function upsample(node: Upsample, x: Tensor, shape: readonly number[]): Tensor {
  const [batch = 0, channels = 0, outHeight = 0, outWidth = 0] = shape
  const [, , height = 0, width = 0] = x.shape
  const rows = interpolation(node, height, outHeight)
  const columns = interpolation(node, width, outWidth)
  const result = new Float32Array(batch * channels * outHeight * outWidth)
  let position = 0
  for (let plane = 0; plane < batch * channels; plane++) {
    for (const row of rows) {
      for (const column of columns) {
        let sum = 0
        for (const [y, share] of row) {
          for (const [xx, part] of column)
            sum += share * part * (x.data[(plane * height + y) * width + xx] as number)
        }
        result[position++] = sum
      }
    }
  }
  return tensor(shape, result)
}

function concat({ axis }: Concat, inputs: readonly Tensor[], shape: readonly number[]): Tensor {
  const result = tensor(shape)
  const blocks = elementCount(shape.slice(0, axis))
  let position = 0
  for (let block = 0; block < blocks; block++) {
    for (const { data } of inputs) {
      const size = data.length / blocks
      result.data.set(data.subarray(block * size, (block + 1) * size), position)
      position += size
    }
  }
  return result
}

function slice({ axis, start, end }: Slice, x: Tensor, shape: readonly number[]): Tensor {
  const result = tensor(shape)
  const inner = elementCount(shape.slice(axis + 1))
  const size = (x.shape[axis] as number) * inner
  const length = (end - start) * inner
  for (let block = 0; block * length < result.data.length; block++) {
    const from = block * size + start * inner
    result.data.set(x.data.subarray(from, from + length), block * length)
  }
  return result
}

function channelShuffle({ groups }: ChannelShuffle, x: Tensor): Tensor {
  const [, channels = 0, height = 0, width = 0] = x.shape
  const plane = height * width
  return map(x, (_, index) => {
    const channel = Math.floor(index / plane) % channels
    const source = (channel % groups) * (channels / groups) + Math.floor(channel / groups)
    return x.data[index + (source - channel) * plane] as number
  })
}

function layerNorm(x: Tensor, weight: Tensor | undefined, bias: Tensor | undefined, epsilon: number): Tensor {
  const size = x.shape.at(-1) as number
  const result = new Float32Array(x.data.length)
  for (let start = 0; start < result.length; start += size) {
    const row = Array.from(x.data.subarray(start, start + size))
    const mean = row.reduce((sum, value) => sum + value, 0) / size
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size
    for (const [index, value] of row.entries()) {
      const normal = (value - mean) / Math.sqrt(variance + epsilon)
      result[start + index] = normal * (weight?.data[index] ?? 1) + (bias?.data[index] ?? 0)
    }
  }
  return tensor(x.shape, result)
}

function matmul({ transposeB, scale = 1 }: Matmul, a: Tensor, b: Tensor, shape: readonly number[]): Tensor {
  const [rows = 0, columns = 0] = shape.slice(-2)
  const inner = a.shape.at(-1) as number
  const [stepInner, stepColumn] = transposeB ? [1, inner] : [columns, 1]
  return map(tensor(shape), (_, index) => {
    const row = Math.floor(index / columns)
    const from = Math.floor(row / rows) * inner * columns + (index % columns) * stepColumn
    let sum = 0
    for (let i = 0; i < inner; i++)
      sum += (a.data[row * inner + i] as number) * (b.data[from + i * stepInner] as number)
    return sum * scale
  })
}

function transpose({ permutation }: Transpose, x: Tensor, shape: readonly number[]): Tensor {
  const steps = permutation.map((axis) => elementCount(x.shape.slice(axis + 1)))
  return map(tensor(shape), (_, index) => {
    let [source, rest] = [0, index]
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += (rest % (shape[axis] as number)) * (steps[axis] as number)
      rest = Math.floor(rest / (shape[axis] as number))
    }
    return x.data[source] as number
  })
}

function softmax(x: Tensor): Tensor {
  const classes = x.shape.at(-1) as number
  const result = new Float32Array(x.data.length)
  for (let n = 0; n * classes < result.length; n++) {
    const row = Array.from(x.data.subarray(n * classes, (n + 1) * classes))
    const largest = row.reduce(
      (max, value) => (Number.isNaN(max) || value <= max ? max : value),
      Number.NEGATIVE_INFINITY,
    )
    const powers = row.map((value) => Math.exp(value - largest))
    const sum = powers.reduce((total, value) => total + value, 0)
    for (const [index, power] of powers.entries()) result[n * classes + index] = power / sum
  }
  return tensor(x.shape, result)
}

/**
 * The error function to about 1e-15: its Maclaurin series for |x| < 3, and beyond that the continued fraction of the
 * complementary function (Abramowitz and Stegun 7.1.6 and 7.1.14).
 */
export function erf(x: number): number {
  const magnitude = Math.abs(x)
  if (Number.isNaN(x)) return x
  if (magnitude > 6) return Math.sign(x)
  if (magnitude < 3) {
    let term = x
    let sum = x
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1)
      sum += term
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
  }
  let fraction = 0
  for (let n = 60; n >= 1; n--) fraction = n / 2 / (magnitude + fraction)
  const complement = Math.exp(-magnitude * magnitude) / Math.sqrt(Math.PI) / (magnitude + fraction)
  return Math.sign(x) * (1 - complement)
}

function map(x: Tensor, apply: (value: number, index: number) => number): Tensor {
  const result = new Float32Array(x.data.length)
  for (let index = 0; index < result.length; index++) result[index] = apply(x.data[index] as number, index)
  return tensor(x.shape, result)
}
