/**
 * From a model to a straight list of steps: kernels chosen, relu fused into its producer, layouts fixed, memory placed.
 * Nothing here touches WebAssembly; `write` fills the memory once it exists.
 */
import {
  type BatchNorm,
  type Conv2d,
  elementCount,
  inferShapes,
  type Linear,
  type Model,
  type Node,
  type Shapes,
  type Step,
} from '@mobileone/core'
import * as abi from './abi.ts'
import { type Buffer, placeBuffers } from './arena.ts'
import { type Choice, chooseBlock, chooseConv, K_BLOCK, padChannels } from './choose.ts'
import { nhwcOrder, packDepthwise, packPanels, panelFloats } from './pack.ts'

/** A value as it lies in memory: NHWC with padded channels, or NCHW for a model input. */
interface Value {
  readonly shape: readonly number[]
  readonly n: number
  readonly c: number
  /** Height x width. */
  readonly hw: number
  readonly planar: boolean
  readonly buffer: Lease
}

/** A buffer with the number of reads still to come. */
interface Lease extends Buffer {
  reads: number
}

/** Constant data in memory, written once. */
interface Constant {
  readonly name: string
  readonly floats: number
  readonly fill: (to: Float32Array) => void
  offset: number
}

interface Record32 extends Step {
  readonly words: Int32Array
  readonly pointers: (readonly [word: number, to: { readonly offset: number }])[]
}

export interface Plan {
  readonly steps: readonly Step[]
  /** Byte offset of step 0; the next one lies STEP_WORDS words further. */
  readonly records: number
  /** Units of each step. */
  readonly units: Int32Array
  /** Byte offset and bytes of one thread's scratch memory; the threads' pieces follow each other. */
  readonly scratch: number
  readonly scratchBytes: number
  /** End of everything, in bytes. */
  readonly end: number
  readonly inputs: Readonly<Record<string, number>>
  readonly outputs: Readonly<Record<string, { readonly offset: number; readonly shape: readonly number[] }>>
  /** Weights in the order they are packed. */
  readonly constants: readonly { readonly name: string; readonly write: (heap: Float32Array) => void }[]
  readonly writeRecords: (heap: Int32Array) => void
}

/** Plan `model`, which has been validated, for `threads` threads. */
export function planModel(model: Model, threads: number): Plan {
  const shapes = inferShapes(model)
  const planner = new Planner(model, shapes)
  for (const [index, node] of model.nodes.entries()) planner.add(node, index)
  return planner.finish(threads)
}

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64

class Planner {
  private readonly model: Model
  private readonly shapes: Shapes
  private readonly values = new Map<string, Value>()
  private readonly inputs: Record<string, Lease> = {}
  private readonly buffers: Lease[] = []
  private readonly constants: Constant[] = []
  private readonly records: Record32[] = []
  private readonly readers = new Map<string, number>()
  private readonly fused = new Set<string>()
  private scratchBytes = 0

  constructor(model: Model, shapes: Shapes) {
    this.model = model
    this.shapes = shapes
    const read = (name: string): void => void this.readers.set(name, (this.readers.get(name) ?? 0) + 1)
    for (const node of model.nodes) node.inputs.forEach(read)
    Object.values(model.outputs).forEach(read)
    for (const [name, { shape }] of Object.entries(model.inputs)) {
      const buffer = this.lease(elementCount(shape) * 4, this.readers.get(name) ?? 0)
      this.inputs[name] = buffer
      this.values.set(name, { ...sizes(shape), planar: true, buffer })
    }
  }

  add(node: Node, index: number): void {
    if (this.fused.has(node.name)) return
    switch (node.op) {
      case 'conv2d':
        this.conv(node, index)
        return
      case 'linear':
        this.linear(node, index)
        return
      case 'batchNorm':
        this.batchNorm(node, index)
        return
      case 'relu':
      case 'sigmoid':
      case 'silu':
      case 'gelu': {
        const x = this.nhwc(node.inputs[0])
        const y = this.result(node.name, x, true)
        const units = y.buffer.bytes / 16
        this.step(node.name, node.op, abi.UNARY, units, x, y, [[abi.ACTIVATION, activations[node.op]]])
        this.release(x)
        return
      }
      case 'add':
      case 'mul': {
        const [x, y] = [this.nhwc(node.inputs[0]), this.nhwc(node.inputs[1])]
        const act = this.fuseRelu(node, index)
        if (x.hw !== y.hw) {
          const z = this.result(act.name, x, true)
          const strides: Word[] = [
            [abi.SCALE_STRIDE, padChannels(x.c) * 4],
            [abi.PIXELS, x.hw],
          ]
          this.step(node.name, `gate${act.suffix}`, abi.SCALE, x.n * x.hw, x, z, [
            [abi.ACTIVATION, act.code],
            [abi.CHANNELS, padChannels(x.c)],
            ...strides,
          ])
          this.point(abi.WEIGHTS, y)
          this.release(x)
          this.release(y)
          return
        }
        const z = this.result(act.name, x, true)
        const op = node.op === 'add' ? abi.ADD : abi.MUL
        this.step(node.name, node.op + act.suffix, op, z.buffer.bytes / 16, x, z, [
          [abi.ACTIVATION, act.code],
        ])
        this.point(abi.WEIGHTS, y)
        this.release(x)
        this.release(y)
        return
      }
      case 'globalAvgPool': {
        const x = this.nhwc(node.inputs[0])
        const y = this.result(node.name, { ...x, hw: 1 }, false)
        this.step(node.name, 'mean', abi.POOL, (x.n * padChannels(x.c)) / 4, x, y, [
          [abi.CHANNELS, padChannels(x.c)],
          [abi.PIXELS, x.hw],
        ])
        this.release(x)
        return
      }
      case 'flatten':
        this.flatten(node.name, node.inputs[0])
        return
      case 'softmax': {
        const x = this.nhwc(node.inputs[0])
        const y = this.result(node.name, x, true)
        this.step(node.name, 'softmax', abi.SOFTMAX, x.n, x, y, [
          [abi.K, x.c],
          [abi.CHANNELS, padChannels(x.c)],
        ])
        this.release(x)
        return
      }
      default:
        node satisfies never
    }
  }

  private conv(node: Conv2d, index: number): void {
    const source = this.value(node.inputs[0])
    const [n, inC, inH, inW] = source.shape as [number, number, number, number]
    const [, outC, outH, outW] = this.shapes[node.name] as [number, number, number, number]
    const weight = this.model.weights[node.weight]!
    const [kh, kw] = weight.shape.slice(2) as [number, number]
    const choice = chooseConv({
      kernel: [kh, kw],
      stride: node.stride,
      padding: node.padding,
      dilation: node.dilation,
      groups: node.groups,
      inChannels: inC,
      outChannels: outC,
      pixels: n * outH * outW,
      planar: source.planar,
    })
    const x = choice.planar ? source : this.nhwc(node.inputs[0])
    const bias = node.bias === undefined ? undefined : this.model.weights[node.bias]!.data
    const pixels = n * outH * outW
    const act = this.fuseRelu(node, index)
    const y = this.result(act.name, { n, c: outC, hw: outH * outW }, false)
    const geometry: Word[] = [
      [abi.ACTIVATION, act.code],
      [abi.IN_H, inH],
      [abi.IN_W, inW],
      [abi.OUT_H, outH],
      [abi.OUT_W, outW],
      [abi.KERNEL_H, kh],
      [abi.KERNEL_W, kw],
      [abi.STRIDE_H, node.stride[0]],
      [abi.STRIDE_W, node.stride[1]],
      [abi.PAD_H, node.padding[0]],
      [abi.PAD_W, node.padding[1]],
      [abi.DILATION_H, node.dilation[0]],
      [abi.DILATION_W, node.dilation[1]],
      [abi.IN_C, inC / node.groups],
      [abi.GROUPS, node.groups],
      [abi.OUT_C, outC / node.groups],
      [abi.PLANAR, choice.planar ? 1 : 0],
      [abi.CHANNELS, padChannels(inC)],
    ]
    const name = choice.name + act.suffix
    switch (choice.op) {
      case abi.GEMM:
      case abi.GEMV:
        this.product(node.name, choice, act, x, y, weight.data, bias, pixels, outC, inC)
        break
      case abi.DEPTHWISE:
      case abi.DEPTHWISE3: {
        this.step(node.name, name, choice.op, n * outH, x, y, geometry)
        const floats = padChannels(outC) * (kh * kw + 1)
        this.constant(node.name, floats, (to) => packDepthwise(to, weight.data, bias, outC, kh * kw))
        break
      }
      default: {
        const k = (inC / node.groups) * kh * kw
        const outputs = outC / node.groups
        const order = choice.planar ? undefined : nhwcOrder(inC / node.groups, kh * kw)
        const block = chooseBlock(pixels, k, true)
        this.step(node.name, name, choice.op, choice.op === abi.STEM ? n * outH : pixels, x, y, [
          ...geometry,
          ...panelWords(outputs, k),
          [abi.DST_STRIDE, padChannels(outC) * 4],
          [abi.BLOCK, block],
          [abi.K_BLOCK, K_BLOCK],
        ])
        const one = panelFloats(outputs, k)
        this.constant(node.name, one * node.groups, (to) => {
          for (let g = 0; g < node.groups; g++) {
            const part = to.subarray(g * one, (g + 1) * one)
            packPanels(part, weight.data, bias, g * outputs, outputs, k, order)
          }
        })
        const scratch =
          choice.op === abi.STEM
            ? inC * 3 * (5 * node.stride[1] + 3)
            : block * (k + (node.groups > 1 ? padChannels(outputs) : 0))
        this.scratchBytes = Math.max(this.scratchBytes, align(scratch * 4))
      }
    }
    this.release(x)
  }

  private linear(node: Linear, index: number): void {
    const x = this.nhwc(node.inputs[0])
    const weight = this.model.weights[node.weight]!
    const bias = node.bias === undefined ? undefined : this.model.weights[node.bias]!.data
    const [outputs, k] = weight.shape as [number, number]
    const choice = chooseConv({
      ...{ kernel: [1, 1], stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 },
      ...{ inChannels: k, outChannels: outputs, pixels: x.n, planar: false },
    })
    const act = this.fuseRelu(node, index)
    const y = this.result(act.name, { n: x.n, c: outputs, hw: 1 }, false)
    this.product(node.name, choice, act, x, y, weight.data, bias, x.n, outputs, k)
    this.release(x)
  }

  private product(
    name: string,
    choice: Choice,
    act: Activation,
    x: Value,
    y: Value,
    weight: Float32Array,
    bias: Float32Array | undefined,
    pixels: number,
    outputs: number,
    k: number,
  ): void {
    const panels = Math.ceil(outputs / 8)
    const byPanels = choice.op === abi.GEMV || panelFloats(outputs, k) > pixels * k
    this.step(name, choice.name + act.suffix, choice.op, byPanels ? panels : pixels, x, y, [
      ...panelWords(outputs, k),
      [abi.ACTIVATION, act.code],
      [abi.SRC_STRIDE, padChannels(k) * 4],
      [abi.DST_STRIDE, padChannels(outputs) * 4],
      [abi.SPLIT, byPanels ? abi.BY_PANELS : abi.BY_PIXELS],
      [abi.PIXELS, pixels],
      [abi.BLOCK, chooseBlock(pixels, k, false)],
      [abi.K_BLOCK, K_BLOCK],
    ])
    this.constant(name, panelFloats(outputs, k), (to) => packPanels(to, weight, bias, 0, outputs, k))
  }

  private batchNorm(node: BatchNorm, index: number): void {
    const x = this.nhwc(node.inputs[0])
    const act = this.fuseRelu(node, index)
    const y = this.result(act.name, x, true)
    const channels = padChannels(x.c)
    this.step(node.name, `scale and shift${act.suffix}`, abi.SCALE, x.n * x.hw, x, y, [
      [abi.ACTIVATION, act.code],
      [abi.CHANNELS, channels],
      [abi.PIXELS, x.hw],
    ])
    const data = (name: string): Float32Array => this.model.weights[name]!.data
    const [weight, bias, mean, variance] = [
      data(node.weight),
      data(node.bias),
      data(node.runningMean),
      data(node.runningVar),
    ]
    const scale = (c: number): number => weight[c]! / Math.sqrt(variance[c]! + node.epsilon)
    this.constant(node.name, channels, (to) => {
      for (let c = 0; c < x.c; c++) to[c] = scale(c)
    })
    this.constant(
      node.name,
      channels,
      (to) => {
        for (let c = 0; c < x.c; c++) to[c] = bias[c]! - mean[c]! * scale(c)
      },
      abi.SHIFT,
    )
    this.release(x)
  }

  private flatten(name: string, input: string): void {
    const x = this.nhwc(input)
    const reads = this.readers.get(name) ?? 0
    if (x.hw === 1) {
      x.buffer.reads += reads
      this.values.set(name, { ...x, shape: [x.n, x.c] })
      this.release(x)
      return
    }
    const y = this.result(name, { n: x.n, c: x.c * x.hw, hw: 1 }, false)
    this.toNchw(name, x, y.buffer, padChannels(x.c * x.hw) * 4)
    this.release(x)
  }

  /** Place everything. */
  finish(threads: number): Plan {
    const outputs: Record<string, { buffer: Lease; shape: readonly number[] }> = {}
    for (const [name, valueName] of Object.entries(this.model.outputs)) {
      const x = this.value(valueName)
      const shape = this.shapes[valueName]!
      const direct = x.planar || (x.hw === 1 && (x.n === 1 || x.c % 4 === 0))
      const buffer = direct ? x.buffer : this.lease(elementCount(shape) * 4, 1)
      if (!direct) this.toNchw(valueName, x, buffer, x.c * x.hw * 4)
      outputs[name] = { buffer, shape }
    }
    for (const { buffer } of Object.values(outputs)) buffer.last = Number.POSITIVE_INFINITY

    const records = abi.HEAP
    const recordBytes = abi.STEP_WORDS * 4
    let end = align(records + this.records.length * recordBytes)
    for (const constant of this.constants) {
      constant.offset = end
      end = align(end + constant.floats * 4)
    }
    const scratch = end
    end = placeBuffers(this.buffers, scratch + this.scratchBytes * threads)
    const inputs = Object.entries(this.inputs).map(([name, { offset }]) => [name, offset] as const)
    return {
      steps: this.records.map(({ node, kernel }) => ({ node, kernel })),
      records,
      units: Int32Array.from(this.records, ({ words }) => words[abi.UNITS]!),
      scratch,
      scratchBytes: this.scratchBytes,
      end,
      inputs: Object.fromEntries(inputs),
      outputs: Object.fromEntries(
        Object.entries(outputs).map(([name, { buffer, shape }]) => [name, { offset: buffer.offset, shape }]),
      ),
      constants: this.constants.map(({ name, floats, fill, offset }) => ({
        name,
        write: (heap) => fill(heap.subarray(offset / 4, offset / 4 + floats)),
      })),
      writeRecords: (heap) => {
        for (const [index, { words, pointers }] of this.records.entries()) {
          for (const [word, to] of pointers) words[word] = to.offset
          heap.set(words, records / 4 + index * abi.STEP_WORDS)
        }
      },
    }
  }

  private value(name: string): Value {
    return this.values.get(name)!
  }

  /** The value as NHWC; a model input is converted once, when first needed so. */
  private nhwc(name: string): Value {
    const x = this.value(name)
    if (!x.planar) return x
    const row = x.c * x.hw * 4
    if (x.hw === 1 && (x.c % 4 === 0 || x.n === 1)) {
      const same = { ...x, planar: false }
      this.values.set(name, same)
      return same
    }
    const buffer = this.lease(x.n * x.hw * padChannels(x.c) * 4, x.buffer.reads)
    const y: Value = { ...x, planar: false, buffer }
    this.step(name, 'to NHWC', abi.TO_NHWC, x.n, x, y, [
      [abi.K, x.c],
      [abi.PIXELS, x.hw],
      [abi.CHANNELS, padChannels(x.c)],
      [abi.SRC_STRIDE, row],
    ])
    this.values.set(name, y)
    return y
  }

  private toNchw(node: string, x: Value, buffer: Lease, imageBytes: number): void {
    this.step(node, 'to NCHW', abi.TO_NCHW, x.n, x, { buffer }, [
      [abi.K, x.c],
      [abi.PIXELS, x.hw],
      [abi.CHANNELS, padChannels(x.c)],
      [abi.DST_STRIDE, imageBytes],
    ])
  }

  /** Relu follows `node`, and nothing else reads what `node` makes: let the kernel of `node` apply it. */
  private fuseRelu(node: Node, index: number): Activation {
    const next = this.model.nodes.find((other, at) => at > index && other.inputs.includes(node.name as never))
    if (next?.op !== 'relu' || this.readers.get(node.name) !== 1) {
      return { name: node.name, code: abi.NONE, suffix: '' }
    }
    this.fused.add(next.name)
    return { name: next.name, code: abi.RELU, suffix: '+relu' }
  }

  /** A new value; in the memory of `like` where `inPlace` and nothing else will read it. */
  private result(
    name: string,
    like: Pick<Value, 'n' | 'c' | 'hw'> & Partial<Value>,
    inPlace: boolean,
  ): Value {
    const reads = this.readers.get(name) ?? 0
    const reuse = inPlace && like.buffer?.reads === 1 ? like.buffer : undefined
    if (reuse) reuse.reads += reads
    const buffer = reuse ?? this.lease(like.n * like.hw * padChannels(like.c) * 4, reads)
    const { n, c, hw } = like
    const value: Value = { shape: this.shapes[name]!, n, c, hw, planar: false, buffer }
    this.values.set(name, value)
    return value
  }

  private lease(bytes: number, reads: number): Lease {
    const first = this.records.length
    const buffer: Lease = { bytes: align(bytes), first, last: first, offset: 0, reads }
    this.buffers.push(buffer)
    return buffer
  }

  private release(value: Value): void {
    value.buffer.reads--
  }

  private step(
    node: string,
    kernel: string,
    op: number,
    units: number,
    x: { readonly buffer: Lease },
    y: { readonly buffer: Lease },
    words: readonly Word[],
  ): void {
    const record = new Int32Array(abi.STEP_WORDS)
    record[abi.OP] = op
    record[abi.UNITS] = units
    for (const [word, value] of words) record[word] = value
    this.records.push({ node, kernel, words: record, pointers: [] })
    this.point(abi.SRC, x)
    this.point(abi.DST, y)
  }

  /** Let a word of the last step hold the address of a value, which must then live until this step. */
  private point(word: number, { buffer }: { readonly buffer: Lease }): void {
    buffer.last = Math.max(buffer.last, this.records.length - 1)
    this.records.at(-1)!.pointers.push([word, buffer])
  }

  private constant(
    name: string,
    floats: number,
    fill: (to: Float32Array) => void,
    word: number = abi.WEIGHTS,
  ): void {
    const constant: Constant = { name, floats, fill, offset: 0 }
    this.constants.push(constant)
    this.records.at(-1)!.pointers.push([word, constant])
  }
}

type Word = readonly [word: number, value: number]

interface Activation {
  /** The value that holds the result: the node's, or its relu's. */
  readonly name: string
  readonly code: number
  readonly suffix: string
}

const activations = { relu: abi.RELU, sigmoid: abi.SIGMOID, silu: abi.SILU, gelu: abi.GELU } as const

function panelWords(outputs: number, k: number): Word[] {
  return [
    [abi.K, k],
    [abi.PANELS, Math.ceil(outputs / 8)],
    [abi.NARROW, padChannels(outputs) % 8 === 0 ? 0 : 1],
  ]
}

function sizes(shape: readonly number[]): Pick<Value, 'shape' | 'n' | 'c' | 'hw'> {
  const [n = 1, c = 1, ...rest] = shape
  return { shape, n, c, hw: elementCount(rest) }
}
