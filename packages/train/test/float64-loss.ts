import { erf, type Model, type Node, outputShape, type Tensor } from '@mobileone/core'
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
  values: readonly Value[],
  weight: (name: string) => ArrayLike<number>,
  shapeOf: (name: string) => readonly number[],
): Value {
  const [x, other] = values
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
    case 'mul': {
      const b = other as Value
      const area = a.data.length / b.data.length
      const combine = node.op === 'add' ? (x: number, y: number) => x + y : (x: number, y: number) => x * y
      return {
        shape: a.shape,
        data: a.data.map((value, index) => combine(value, b.data[Math.floor(index / area)] as number)),
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
    case 'maxPool': {
      const [, , h = 1, w = 1] = a.shape
      const { kernel, stride, padding } = node
      return planewise(a, node, (pixel, oy, ox) => {
        let most = Number.NEGATIVE_INFINITY
        for (let y = oy * stride[0] - padding[0], end = y + kernel[0]; y < end; y++)
          for (let q = ox * stride[1] - padding[1], last = q + kernel[1]; q < last; q++)
            if (y >= 0 && y < h && q >= 0 && q < w) most = Math.max(most, pixel(y, q))
        return most
      })
    }
    case 'upsample':
      return planewise(a, node, (pixel, oy, ox, [oh, ow]) => {
        const [, , h = 1, w = 1] = a.shape
        const between = (place: number, size: number): [number, number, number] => {
          const low = Math.min(Math.floor(place), size - 1)
          return [low, Math.min(low + 1, size - 1), place - low]
        }
        if (node.mode === 'nearest') return pixel(Math.floor((oy * h) / oh), Math.floor((ox * w) / ow))
        const source = (at: number, from: number, to: number): number =>
          node.alignCorners ? (at * (from - 1)) / (to - 1) : Math.max(0, ((at + 0.5) * from) / to - 0.5)
        const [top, bottom, down] = between(source(oy, h, oh), h)
        const [left, right, along] = between(source(ox, w, ow), w)
        return (
          (1 - down) * ((1 - along) * pixel(top, left) + along * pixel(top, right)) +
          down * ((1 - along) * pixel(bottom, left) + along * pixel(bottom, right))
        )
      })
    case 'affine':
      return { shape: a.shape, data: a.data.map((value) => node.scale * value + node.offset) }
    case 'maximum':
      return {
        shape: a.shape,
        data: a.data.map((value, at) => Math.max(value, values[1]?.data[at] as number)),
      }
    case 'concat':
      return joined(values, node.axis)
    case 'slice': {
      const inner = a.shape.slice(node.axis + 1).reduce((product, size) => product * size, 1)
      const all = (a.shape[node.axis] as number) * inner
      return {
        shape: a.shape.map((size, at) => (at === node.axis ? node.end - node.start : size)),
        data: a.data.filter((_, at) => at % all >= node.start * inner && at % all < node.end * inner),
      }
    }
    case 'channelShuffle': {
      const [, channels = 1, height = 1, width = 1] = a.shape
      const plane = height * width
      return {
        shape: a.shape,
        data: a.data.map((_, at) => {
          const channel = Math.floor(at / plane) % channels
          const from = (channel % node.groups) * (channels / node.groups) + Math.floor(channel / node.groups)
          return a.data[at + (from - channel) * plane] as number
        }),
      }
    }
    case 'layerNorm':
    case 'matmul':
    case 'reshape':
    case 'transpose':
    case 'parameter':
      throw new Error(`${node.op} is not trained`)
    default:
      return node satisfies never
  }
}

/** A map whose pixels are made of those of the same plane of `a`; `size` is that of the result. */
function planewise(
  a: Value,
  node: Node,
  make: (
    pixel: (y: number, x: number) => number,
    oy: number,
    ox: number,
    size: readonly [height: number, width: number],
  ) => number,
): Value {
  const [n = 1, c = 1, h = 1, w = 1] = a.shape
  const graph = { name: '', inputs: {}, nodes: [], outputs: {}, weights: {} }
  const [, , oh = 1, ow = 1] = outputShape(graph, node, [a.shape])
  const data = new Float64Array(n * c * oh * ow)
  for (let plane = 0; plane < n * c; plane++) {
    const pixel = (y: number, x: number): number => a.data[(plane * h + y) * w + x] as number
    for (let y = 0; y < oh; y++)
      for (let x = 0; x < ow; x++) data[(plane * oh + y) * ow + x] = make(pixel, y, x, [oh, ow])
  }
  return { shape: [n, c, oh, ow], data }
}

function joined(values: readonly Value[], axis: number): Value {
  const [first] = values as [Value]
  const outer = first.shape.slice(0, axis).reduce((product, size) => product * size, 1)
  const data: number[] = []
  for (let block = 0; block < outer; block++) {
    for (const value of values) {
      const run = value.data.length / outer
      data.push(...value.data.subarray(block * run, (block + 1) * run))
    }
  }
  const total = values.reduce((sum, { shape }) => sum + (shape[axis] as number), 0)
  return { shape: first.shape.map((size, at) => (at === axis ? total : size)), data: Float64Array.from(data) }
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
