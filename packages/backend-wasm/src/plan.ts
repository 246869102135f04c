/**
 * From a model to a straight list of steps: kernels chosen, relu fused into its producer, layouts fixed, memory placed.
 * Nothing here touches WebAssembly; the plan is written into its memory later.
 */
import {
  type BatchNorm,
  type Conv2d,
  elementCount,
  floatWeight,
  inferShapes,
  type Linear,
  type Model,
  type Node,
  type Shapes,
} from '@mobileone/core'
import * as abi from './abi.ts'
import { defaultTuning, padChannels, type Tuning } from './choose.ts'
import { packDepthwise, packPanels, panelFloats } from './pack.ts'
import { type Lease, type Placement, Program, type Word } from './program.ts'

/** A value in memory: groups of 8 channels (abi.ts), or NCHW for a model input. */
interface Value {
  readonly n: number
  readonly c: number
  /** Height x width. */
  readonly hw: number
  readonly planar: boolean
  readonly buffer: Lease
}
type Size = Pick<Value, 'n' | 'c' | 'hw'>

/** What a kernel applies to its results, and the value that then holds them. */
interface Activation {
  readonly result: string
  readonly code: number
  readonly suffix: string
}

export interface Plan extends Placement {
  /** Byte offsets of the inputs, NCHW. */
  readonly inputs: Readonly<Record<string, number>>
  /** Byte offsets of the outputs, NCHW. */
  readonly outputs: Readonly<Record<string, { readonly offset: number; readonly shape: readonly number[] }>>
}

/** Plan `model`, which has been validated, for `threads` threads. */
export function planModel(model: Model, threads: number, tuning: Tuning = defaultTuning): Plan {
  const planner = new Planner(model, tuning)
  for (const [index, node] of model.nodes.entries()) planner.add(node, index)
  return planner.finish(threads)
}

const activations = { relu: abi.RELU, sigmoid: abi.SIGMOID, silu: abi.SILU, gelu: abi.GELU } as const

class Planner {
  private readonly model: Model
  private readonly tuning: Tuning
  private readonly shapes: Shapes
  private readonly program = new Program()
  private readonly inputs: Record<string, Lease> = {}
  private readonly values = new Map<string, Value>()
  private readonly readers = new Map<string, number>()
  private readonly fused = new Set<string>()

  constructor(model: Model, tuning: Tuning) {
    this.model = model
    this.tuning = tuning
    this.shapes = inferShapes(model)
    const read = (name: string): void => void this.readers.set(name, (this.readers.get(name) ?? 0) + 1)
    for (const node of model.nodes) node.inputs.forEach(read)
    Object.values(model.outputs).forEach(read)
    for (const [name, { shape }] of Object.entries(model.inputs)) {
      const buffer = this.program.lease(elementCount(shape) * 4, this.readers.get(name) ?? 0)
      const [n = 1, c = 1, ...rest] = shape
      this.inputs[name] = buffer
      this.values.set(name, { n, c, hw: elementCount(rest), planar: true, buffer })
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
        const x = this.blocked(node.inputs[0])
        const y = this.result(node.name, x, x.buffer)
        this.program.step(node.name, node.op, abi.UNARY, bytes(x) / 16, x.buffer, y.buffer, [
          [abi.ACTIVATION, activations[node.op]],
        ])
        release(x)
        return
      }
      case 'add':
      case 'mul': {
        const x = this.blocked(node.inputs[0])
        const y = this.blocked(node.inputs[1])
        const act = this.activation(node, index)
        const z = this.result(act.result, x, x.buffer)
        if (x.hw === y.hw) {
          const op = node.op === 'add' ? abi.ADD : abi.MUL
          this.program.step(node.name, node.op + act.suffix, op, bytes(x) / 16, x.buffer, z.buffer, [
            [abi.ACTIVATION, act.code],
          ])
        } else {
          this.program.step(node.name, `gate${act.suffix}`, abi.SCALE, planes(x), x.buffer, z.buffer, [
            [abi.ACTIVATION, act.code],
            [abi.PIXELS, x.hw],
            [abi.BATCH, x.n],
            [abi.PER_IMAGE, 1],
          ])
        }
        this.program.point(abi.WEIGHTS, y.buffer)
        release(x)
        release(y)
        return
      }
      case 'globalAvgPool': {
        const x = this.blocked(node.inputs[0])
        const y = this.result(node.name, { ...x, hw: 1 })
        this.program.step(node.name, 'mean', abi.POOL, planes(x), x.buffer, y.buffer, [[abi.PIXELS, x.hw]])
        release(x)
        return
      }
      case 'flatten':
        this.flatten(node.name, node.inputs[0])
        return
      case 'softmax': {
        const x = this.blocked(node.inputs[0])
        const y = this.result(node.name, x, x.buffer)
        this.program.step(node.name, 'softmax', abi.SOFTMAX, x.n, x.buffer, y.buffer, [
          [abi.K, x.c],
          [abi.SRC_PLANE, plane(x)],
        ])
        release(x)
        return
      }
      default:
        node satisfies never
    }
  }

  private conv(node: Conv2d, index: number): void {
    const name = node.inputs[0]
    const [n, inC, inH, inW] = this.shapes[name] as [number, number, number, number]
    const [, outC, outH, outW] = this.shapes[node.name] as [number, number, number, number]
    const weight = floatWeight(this.model, node.weight)
    const bias = node.bias === undefined ? undefined : floatWeight(this.model, node.bias).data
    const [kh, kw] = weight.shape.slice(2) as [number, number]
    const pixels = n * outH * outW
    const { stride, padding, dilation, groups } = node
    const choice = this.tuning.conv({
      ...{ kernel: [kh, kw], stride, padding, dilation, groups, inChannels: inC, outChannels: outC },
      ...{ outWidth: outW, pixels, planar: this.values.get(name)!.planar },
    })
    const x = choice.planar ? this.values.get(name)! : this.blocked(name)
    const act = this.activation(node, index)
    const y = this.result(act.result, { n, c: outC, hw: outH * outW })
    if (choice.op === abi.GEMM || choice.op === abi.GEMV) {
      this.product(node.name, choice.op, choice.name, act, x, y, weight.data, bias)
      release(x)
      return
    }

    const [inGroup, outGroup] = [inC / groups, outC / groups]
    const k = inGroup * kh * kw
    const rows = (n * outH * padChannels(outC)) / 8
    const units = choice.op === abi.CONV ? pixels : choice.op === abi.STEM ? n * outH : rows
    const block = this.tuning.block(pixels, k, true)
    this.program.step(node.name, choice.name + act.suffix, choice.op, units, x.buffer, y.buffer, [
      [abi.ACTIVATION, act.code],
      [abi.SRC_PLANE, plane(x)],
      [abi.DST_PLANE, plane(y)],
      [abi.BATCH, n],
      [abi.IN_H, inH],
      [abi.IN_W, inW],
      [abi.OUT_H, outH],
      [abi.OUT_W, outW],
      [abi.KERNEL_H, kh],
      [abi.KERNEL_W, kw],
      [abi.STRIDE_H, stride[0]],
      [abi.STRIDE_W, stride[1]],
      [abi.PAD_H, padding[0]],
      [abi.PAD_W, padding[1]],
      [abi.DILATION_H, dilation[0]],
      [abi.DILATION_W, dilation[1]],
      [abi.IN_C, inGroup],
      [abi.GROUPS, groups],
      [abi.OUT_C, outGroup],
      [abi.PLANAR, choice.planar ? 1 : 0],
      [abi.K, k],
      [abi.PANELS, padChannels(outGroup) / 8],
      [abi.BLOCK, block],
      [abi.K_BLOCK, this.tuning.kBlock],
    ])
    release(x)
    switch (choice.op) {
      case abi.DEPTHWISE3:
        this.program.constant(abi.ZERO_FLOATS, () => {}, abi.ZEROS)
        this.program.constant(padChannels(outC) * 10, (to) => packDepthwise(to, weight.data, bias, outC, 9))
        return
      case abi.DEPTHWISE:
        this.program.constant(padChannels(outC) * (k + 1), (to) =>
          packDepthwise(to, weight.data, bias, outC, k),
        )
        return
      default: {
        const floats = panelFloats(outGroup, k)
        this.program.constant(floats * groups, (to) => {
          for (let g = 0; g < groups; g++) {
            const part = to.subarray(g * floats, (g + 1) * floats)
            packPanels(part, weight.data, bias, g * outGroup, outGroup, k)
          }
        })
        const results = groups > 1 ? padChannels(outGroup) : 0
        const tile = inC * 3 * (5 * stride[1] + 3)
        this.program.scratch(4 * (choice.op === abi.STEM ? tile : block * (padChannels(k) + results)))
      }
    }
  }

  private linear(node: Linear, index: number): void {
    const x = this.blocked(node.inputs[0])
    const weight = floatWeight(this.model, node.weight)
    const bias = node.bias === undefined ? undefined : floatWeight(this.model, node.bias).data
    const [outputs, k] = weight.shape as [number, number]
    const choice = this.tuning.conv({
      ...{ kernel: [1, 1], stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 },
      ...{ inChannels: k, outChannels: outputs, outWidth: 1, pixels: x.n, planar: false },
    })
    const act = this.activation(node, index)
    const y = this.result(act.result, { n: x.n, c: outputs, hw: 1 })
    this.product(node.name, choice.op, choice.name, act, x, y, weight.data, bias)
    release(x)
  }

  private product(
    node: string,
    op: number,
    kernel: string,
    act: Activation,
    x: Value,
    y: Value,
    weight: Float32Array,
    bias: Float32Array | undefined,
  ): void {
    const [k, outputs, pixels] = [x.c, y.c, x.n * x.hw]
    const panels = padChannels(outputs) / 8
    const byPanels = op === abi.GEMV || outputs > pixels
    this.program.step(node, kernel + act.suffix, op, byPanels ? panels : pixels, x.buffer, y.buffer, [
      [abi.ACTIVATION, act.code],
      [abi.K, k],
      [abi.PANELS, panels],
      [abi.SRC_PLANE, plane(x)],
      [abi.DST_PLANE, plane(y)],
      [abi.SPLIT, byPanels ? abi.BY_PANELS : abi.BY_PIXELS],
      [abi.PIXELS, pixels],
      [abi.BLOCK, this.tuning.block(pixels, k, false)],
      [abi.K_BLOCK, this.tuning.kBlock],
    ])
    this.program.constant(panelFloats(outputs, k), (to) => packPanels(to, weight, bias, 0, outputs, k))
  }

  private batchNorm(node: BatchNorm, index: number): void {
    const x = this.blocked(node.inputs[0])
    const act = this.activation(node, index)
    const y = this.result(act.result, x, x.buffer)
    this.program.step(node.name, `scale and shift${act.suffix}`, abi.SCALE, planes(x), x.buffer, y.buffer, [
      [abi.ACTIVATION, act.code],
      [abi.PIXELS, x.hw],
      [abi.BATCH, x.n],
    ])
    const [weight, bias, mean, variance] = [node.weight, node.bias, node.runningMean, node.runningVar].map(
      (name) => floatWeight(this.model, name).data,
    ) as [Float32Array, Float32Array, Float32Array, Float32Array]
    const scale = (c: number): number => weight[c]! / Math.sqrt(variance[c]! + node.epsilon)
    this.program.constant(padChannels(x.c), (to) => {
      for (let c = 0; c < x.c; c++) to[c] = scale(c)
    })
    const shift = (to: Float32Array): void => {
      for (let c = 0; c < x.c; c++) to[c] = bias[c]! - mean[c]! * scale(c)
    }
    this.program.constant(padChannels(x.c), shift, abi.SHIFT)
    release(x)
  }

  private flatten(name: string, input: string): void {
    const x = this.blocked(input)
    const reads = this.readers.get(name) ?? 0
    if (x.hw === 1) {
      x.buffer.reads += reads
      this.values.set(name, x)
    } else {
      const c = x.c * x.hw
      const flat: Value = { n: x.n, c, hw: 1, planar: true, buffer: this.program.lease(x.n * c * 4, reads) }
      this.toNchw(name, x, flat.buffer)
      this.values.set(name, flat)
      this.blocked(name)
    }
    release(x)
  }

  /** Show the outputs and place everything. */
  finish(threads: number): Plan {
    const outputs = Object.entries(this.model.outputs).map(([name, valueName]) => {
      const x = this.values.get(valueName)!
      const shape = this.shapes[valueName]!
      const direct = x.planar || x.n * x.hw === 1
      const buffer = direct ? x.buffer : this.program.lease(elementCount(shape) * 4, 1)
      if (!direct) this.toNchw(valueName, x, buffer)
      return { name, buffer, shape }
    })
    for (const { buffer } of outputs) buffer.last = Number.POSITIVE_INFINITY
    return {
      ...this.program.place(threads),
      inputs: Object.fromEntries(Object.entries(this.inputs).map(([name, { offset }]) => [name, offset])),
      outputs: Object.fromEntries(
        outputs.map(({ name, buffer, shape }) => [name, { offset: buffer.offset, shape }]),
      ),
    }
  }

  /** The value in groups of 8 channels; a model input is converted once, when first needed so. */
  private blocked(name: string): Value {
    const x = this.values.get(name)!
    if (!x.planar) return x
    const single = x.n * x.hw === 1
    const buffer = single ? x.buffer : this.program.lease(bytes(x), x.buffer.reads)
    if (!single) {
      this.program.step(name, 'from NCHW', abi.FROM_NCHW, planes(x), x.buffer, buffer, layoutWords(x))
    }
    const y: Value = { ...x, planar: false, buffer }
    this.values.set(name, y)
    return y
  }

  private toNchw(node: string, x: Value, to: Lease): void {
    this.program.step(node, 'to NCHW', abi.TO_NCHW, planes(x), x.buffer, to, layoutWords(x))
  }

  /** Where relu follows `node` and nothing else reads what `node` makes, the kernel of `node` applies it. */
  private activation(node: Node, index: number): Activation {
    const reads = (other: Node): boolean => other.inputs.some((input) => input === node.name)
    const next = this.model.nodes.find((other, at) => at > index && reads(other))
    if (next?.op !== 'relu' || this.readers.get(node.name) !== 1) {
      return { result: node.name, code: abi.NONE, suffix: '' }
    }
    this.fused.add(next.name)
    return { result: next.name, code: abi.RELU, suffix: '+relu' }
  }

  /** A new value; over `old` where nothing else will read that. */
  private result(name: string, { n, c, hw }: Size, old?: Lease): Value {
    const reads = this.readers.get(name) ?? 0
    const reuse = old?.reads === 1 ? old : undefined
    if (reuse) reuse.reads += reads
    const buffer = reuse ?? this.program.lease(bytes({ n, c, hw }), reads)
    const value: Value = { n, c, hw, planar: false, buffer }
    this.values.set(name, value)
    return value
  }
}

function release(value: Value): void {
  value.buffer.reads--
}

function bytes({ n, c, hw }: Size): number {
  return n * hw * padChannels(c) * 4
}

/** Bytes from 8 channels to the next 8. */
function plane({ n, hw }: Size): number {
  return n * hw * 32
}

/** Groups of 8 channels, counted once an image. */
function planes({ n, c }: Size): number {
  return (n * padChannels(c)) / 8
}

function layoutWords(x: Size): Word[] {
  return [
    [abi.K, x.c],
    [abi.PIXELS, x.hw],
    [abi.BATCH, x.n],
  ]
}
