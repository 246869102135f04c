import { erf, type Model, type Node, type Tensor } from '@mobileone/core'
import type { Batch } from '../src/data/batch.ts'

/** A float64 feature map, NCHW, or a matrix. */
interface Value {
  readonly shape: readonly number[]
  readonly data: Float64Array
}

/** The training loss of `model` in float64, batch normalisation by the batch, loop by loop: the oracle of the gradients. */
export function trainingLoss(
  model: Model,
  weights: Readonly<Record<string, ArrayLike<number>>>,
  batch: Batch,
  smoothing: number,
): number {
  const [inputName] = Object.keys(model.inputs) as [string]
  const values = new Map<string, Value>([[inputName, toNchw(batch)]])
  const read = (name: string): Value => values.get(name) as Value
  for (const node of model.nodes) {
    values.set(
      node.name,
      evaluate(
        node,
        node.inputs.map(read),
        (name) => weights[name] as ArrayLike<number>,
        (name) => (model.weights[name] as Tensor).shape,
      ),
    )
  }
  return crossEntropy(read(Object.values(model.outputs)[0] as string), batch.labels, smoothing)
}

function evaluate(
  node: Node,
  [x, other]: readonly Value[],
  weight: (name: string) => ArrayLike<number>,
  shapeOf: (name: string) => readonly number[],
): Value {
  const a = x as Value
  const each = (f: (value: number) => number): Value => ({
    shape: a.shape,
    data: a.data.map((value) => f(value)),
  })
  switch (node.op) {
    case 'relu':
      return each((value) => Math.max(0, value))
    case 'sigmoid':
      return each((value) => 1 / (1 + Math.exp(-value)))
    case 'silu':
      return each((value) => value / (1 + Math.exp(-value)))
    case 'relu6':
      return each((value) => Math.min(6, Math.max(0, value)))
    case 'hardSigmoid':
      return each((value) => Math.min(6, Math.max(0, value + 3)) / 6)
    case 'hardSwish':
      return each((value) => (value * Math.min(6, Math.max(0, value + 3))) / 6)
    case 'gelu':
      return each((value) => (value * (1 + preciseErf(value / Math.SQRT2))) / 2)
    case 'add':
      return {
        shape: a.shape,
        data: a.data.map((value, index) => value + ((other as Value).data[index] as number)),
      }
    case 'mul': {
      const b = other as Value
      const area = a.data.length / b.data.length
      return {
        shape: a.shape,
        data: a.data.map((value, index) => value * (b.data[Math.floor(index / area)] as number)),
      }
    }
    case 'flatten':
      return { shape: [a.shape[0] as number, a.data.length / (a.shape[0] as number)], data: a.data }
    case 'globalAvgPool': {
      const [n = 0, c = 0, h = 0, w = 0] = a.shape
      const data = new Float64Array(n * c)
      for (const [index, value] of a.data.entries()) data[Math.floor(index / (h * w))]! += value / (h * w)
      return { shape: [n, c, 1, 1], data }
    }
    case 'softmax': {
      const [rows = 0, columns = 0] = a.shape
      const data = a.data.map((value) => Math.exp(value))
      for (let row = 0; row < rows; row++) {
        const part = data.subarray(row * columns, (row + 1) * columns)
        const sum = part.reduce((total, value) => total + value, 0)
        for (let index = 0; index < columns; index++) part[index]! /= sum
      }
      return { shape: a.shape, data }
    }
    case 'linear': {
      const [rows = 0, inputs = 0] = a.shape
      const [outputs = 0] = shapeOf(node.weight)
      const w = weight(node.weight)
      const bias = node.bias === undefined ? undefined : weight(node.bias)
      const data = new Float64Array(rows * outputs)
      for (let row = 0; row < rows; row++) {
        for (let out = 0; out < outputs; out++) {
          let sum = bias?.[out] ?? 0
          for (let index = 0; index < inputs; index++)
            sum += (a.data[row * inputs + index] as number) * (w[out * inputs + index] as number)
          data[row * outputs + out] = sum
        }
      }
      return { shape: [rows, outputs], data }
    }
    case 'batchNorm': {
      const [n = 0, c = 0, h = 0, w = 0] = a.shape
      const [gamma, beta] = [weight(node.weight), weight(node.bias)]
      const data = new Float64Array(a.data.length)
      for (let channel = 0; channel < c; channel++) {
        const at: number[] = []
        for (let image = 0; image < n; image++)
          for (let pixel = 0; pixel < h * w; pixel++) at.push((image * c + channel) * h * w + pixel)
        const mean = at.reduce((sum, index) => sum + (a.data[index] as number), 0) / at.length
        const variance =
          at.reduce((sum, index) => sum + ((a.data[index] as number) - mean) ** 2, 0) / at.length
        const gain = (gamma[channel] as number) / Math.sqrt(variance + node.epsilon)
        for (const index of at)
          data[index] = ((a.data[index] as number) - mean) * gain + (beta[channel] as number)
      }
      return { shape: a.shape, data }
    }
    case 'conv2d': {
      const [n = 0, c = 0, h = 0, w = 0] = a.shape
      const [out = 0, perGroup = 0, kh = 0, kw = 0] = shapeOf(node.weight)
      const kernel = weight(node.weight)
      const bias = node.bias === undefined ? undefined : weight(node.bias)
      const [sy, sx] = node.stride
      const [py, px] = node.padding
      const [dy, dx] = node.dilation
      const oh = Math.floor((h + 2 * py - dy * (kh - 1) - 1) / sy) + 1
      const ow = Math.floor((w + 2 * px - dx * (kw - 1) - 1) / sx) + 1
      const data = new Float64Array(n * out * oh * ow)
      for (let image = 0; image < n; image++)
        for (let o = 0; o < out; o++)
          for (let y = 0; y < oh; y++)
            for (let q = 0; q < ow; q++) {
              let sum = bias?.[o] ?? 0
              const first = Math.floor(o / (out / node.groups)) * perGroup
              for (let i = 0; i < perGroup; i++)
                for (let ky = 0; ky < kh; ky++)
                  for (let kx = 0; kx < kw; kx++) {
                    const [row, column] = [y * sy - py + ky * dy, q * sx - px + kx * dx]
                    if (row < 0 || row >= h || column < 0 || column >= w) continue
                    sum +=
                      (a.data[((image * c + first + i) * h + row) * w + column] as number) *
                      (kernel[((o * perGroup + i) * kh + ky) * kw + kx] as number)
                  }
              data[((image * out + o) * oh + y) * ow + q] = sum
            }
      return { shape: [n, out, oh, ow], data }
    }
    case 'maxPool':
    case 'upsample':
    case 'concat':
    case 'slice':
      throw new Error(`${node.op} is not written`)
    default:
      return node satisfies never
  }
}

/** erf to double precision, by its Taylor series; core's is float32's. */
function preciseErf(x: number): number {
  if (Math.abs(x) > 5) return erf(x)
  let term = x
  let sum = x
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum) && n < 200; n++) {
    term *= -(x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}

function crossEntropy({ shape, data }: Value, labels: Int32Array, smoothing: number): number {
  const [rows = 0, classes = 0] = shape
  let loss = 0
  for (let row = 0; row < rows; row++) {
    const logits = data.subarray(row * classes, (row + 1) * classes)
    const most = Math.max(...logits)
    const logSum = most + Math.log(logits.reduce((sum, value) => sum + Math.exp(value - most), 0))
    for (const [index, value] of logits.entries()) {
      const target = (index === labels[row] ? 1 - smoothing : 0) + smoothing / classes
      loss -= target * (value - logSum)
    }
  }
  return loss / rows
}

function toNchw({ images, shape: [n, h, w, c] }: Batch): Value {
  const data = new Float64Array(images.length)
  for (let image = 0; image < n; image++)
    for (let pixel = 0; pixel < h * w; pixel++)
      for (let channel = 0; channel < c; channel++)
        data[(image * c + channel) * h * w + pixel] = images[(image * h * w + pixel) * c + channel] as number
  return { shape: [n, c, h, w], data }
}
