/**
 * From a model to a straight list of dispatches: kernels chosen, activations fused into their producers, buffers planned.
 * Nothing here touches a device.
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
import { chooseConv, choosePixels, chooseTile, type Parallelism } from './choose.ts'
import { conv } from './kernels/conv.ts'
import { convGrouped } from './kernels/conv-grouped.ts'
import { convPlanar } from './kernels/conv-planar.ts'
import { depthwise } from './kernels/depthwise.ts'
import { elementwise } from './kernels/elementwise.ts'
import { flatten, fromNchw, type Layout, toNchw } from './kernels/layout.ts'
import { mean } from './kernels/mean.ts'
import { meanAlone } from './kernels/mean-alone.ts'
import { pointwise } from './kernels/pointwise.ts'
import { product } from './kernels/product.ts'
import { scaleShift } from './kernels/scale-shift.ts'
import { softmax } from './kernels/softmax.ts'
import type { Convolution } from './kernels/window.ts'
import { type Constant, type Lease, Memory, type PlannedBuffer, type Region } from './memory.ts'
import { packWeights, type WeightShape } from './pack.ts'
import { type Activation, type Kernel, quads, type Setting } from './wgsl.ts'

export interface Dispatch {
  readonly node: string
  readonly kernel: Kernel
  /** In the order of the kernel's bindings. */
  readonly regions: readonly Region[]
}

export interface Plan {
  readonly buffers: readonly PlannedBuffer[]
  readonly constants: readonly Constant[]
  readonly dispatches: readonly Dispatch[]
  /** The values that dispatches leave in memory, in order: fused activations, not what they activate. */
  readonly results: readonly string[]
  readonly inputs: Readonly<Record<string, PlannedBuffer>>
  /** Where the outputs lie after a run, NCHW float32. */
  readonly outputs: Readonly<Record<string, { readonly region: Region; readonly shape: readonly number[] }>>
}

export interface PlanSetting extends Setting {
  readonly parallelism: Parallelism
}

/** Plan `model`, which has been validated. */
export function planModel(model: Model, setting: PlanSetting): Plan {
  const planner = new Planner(model, setting)
  for (const [index, node] of model.nodes.entries()) planner.add(node, index)
  return planner.finish()
}

/** A value in vectors of 4 channels (wgsl.ts), or in NCHW for a model input. */
interface Value {
  readonly n: number
  readonly c: number
  /** Height x width. */
  readonly hw: number
  readonly planar: boolean
  readonly lease: Lease
}
type Size = Pick<Value, 'n' | 'c' | 'hw'>

interface Fused {
  /** The value that holds the activated result. */
  readonly result: string
  readonly activation: Activation
}

class Planner {
  private readonly model: Model
  private readonly setting: PlanSetting
  private readonly shapes: Shapes
  private readonly memory = new Memory()
  private readonly dispatches: Dispatch[] = []
  private readonly results: string[] = []
  private readonly inputs: Record<string, PlannedBuffer> = {}
  private readonly values = new Map<string, Value>()
  private readonly readers = new Map<string, number>()
  private readonly fused = new Set<string>()

  constructor(model: Model, setting: PlanSetting) {
    this.model = model
    this.setting = setting
    this.shapes = inferShapes(model)
    const read = (name: string): void => void this.readers.set(name, (this.readers.get(name) ?? 0) + 1)
    for (const node of model.nodes) node.inputs.forEach(read)
    Object.values(model.outputs).forEach(read)
    for (const [name, { shape }] of Object.entries(model.inputs)) {
      const lease = this.memory.input(elementCount(shape) * 4, this.readers.get(name) ?? 0)
      const [n = 1, c = 1, ...rest] = shape
      this.inputs[name] = lease.buffer
      this.values.set(name, { n, c, hw: elementCount(rest), planar: true, lease })
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
        const x = this.quartered(node.inputs[0], node.name)
        const shape = { op: 'unary', ...sizeOf(x), activation: node.op } as const
        this.dispatch(node.name, elementwise(shape, this.setting), [x], [], this.result(node.name, x))
        return
      }
      case 'add':
      case 'mul': {
        const x = this.quartered(node.inputs[0], node.name)
        const y = this.quartered(node.inputs[1], node.name)
        const { result, activation } = this.activation(node, index)
        const op = x.hw === y.hw ? node.op : 'gate'
        const text = elementwise({ op, ...sizeOf(x), activation }, this.setting)
        this.dispatch(node.name, text, [x, y], [], this.result(result, x))
        return
      }
      case 'globalAvgPool': {
        const x = this.quartered(node.inputs[0], node.name)
        const y = this.result(node.name, { ...x, hw: 1 })
        const { cooperative } = this.setting.parallelism
        const text = (cooperative ? mean : meanAlone)(sizeOf(x), this.setting)
        this.dispatch(node.name, text, [x], [], y)
        return
      }
      case 'flatten':
        this.flatten(node.name, node.inputs[0])
        return
      case 'softmax': {
        const x = this.quartered(node.inputs[0], node.name)
        const text = softmax({ rows: x.n, channels: x.c }, this.setting)
        this.dispatch(node.name, text, [x], [], this.result(node.name, x))
        return
      }
      default:
        node satisfies never
    }
  }

  private conv(node: Conv2d, index: number): void {
    const [source] = node.inputs
    const [n, inChannels, inHeight, inWidth] = this.shapes[source] as [number, number, number, number]
    const [, outChannels, outHeight, outWidth] = this.shapes[node.name] as [number, number, number, number]
    const weight = floatWeight(this.model, node.weight)
    const kernel = weight.shape.slice(2) as [number, number]
    const { stride, padding, dilation, groups } = node
    const pixels = n * outHeight * outWidth
    const { parallelism } = this.setting
    const choice = chooseConv(
      {
        ...{ kernel, stride, padding, groups, inChannels, outChannels, pixels },
        planar: this.values.get(source)!.planar,
      },
      parallelism,
    )
    const x = choice === 'planar' ? this.values.get(source)! : this.quartered(source, node.name)
    const { result, activation } = this.activation(node, index)
    const shape: Convolution = {
      ...{ batch: n, inChannels, outChannels, kernel, stride, padding, dilation, groups, activation },
      ...{ input: [inHeight, inWidth], output: [outHeight, outWidth] },
    }
    const outQuads = quads(outChannels)
    const neighbours = choosePixels(n * outHeight, outWidth, outQuads, parallelism)
    const tile = chooseTile(pixels, outQuads, parallelism)
    const taps = kernel[0] * kernel[1]
    const depth = inChannels / groups
    const packed = (rows: number, inputStride: number, tapStride: number): Region =>
      this.weights(weight.data, { outputs: outChannels, depth, taps }, rows, inputStride, tapStride)
    const padded = quads(depth) * 4
    const bias = (): Region => this.bias(node.bias, outChannels)
    const y = this.result(result, { n, c: outChannels, hw: outHeight * outWidth })
    const emit = (text: Kernel, weights: Region): void =>
      this.dispatch(node.name, text, [x], [weights, bias()], y)
    switch (choice) {
      case 'planar': {
        const rowTile = { pixels: Math.min(tile.pixels, neighbours), quads: tile.quads }
        emit(convPlanar(shape, rowTile, this.setting), packed(depth * taps, taps, 1))
        return
      }
      case 'depthwise':
        emit(depthwise(shape, neighbours, this.setting), packed(taps, 0, 1))
        return
      case 'product':
        emit(
          product({ rows: pixels, inChannels, outChannels, activation }, this.setting),
          packed(padded, 1, 0),
        )
        return
      case 'pointwise':
        emit(
          pointwise({ pixels, inChannels, outChannels, tile, activation }, this.setting),
          packed(padded, 1, 0),
        )
        return
      case 'conv':
        emit(conv(shape, neighbours, this.setting), packed(taps * padded, 1, padded))
        return
      case 'grouped':
        emit(convGrouped(shape, this.setting), packed(taps * depth, 1, depth))
        return
      default:
        choice satisfies never
    }
  }

  private linear(node: Linear, index: number): void {
    const x = this.quartered(node.inputs[0], node.name)
    const weight = floatWeight(this.model, node.weight)
    const [outputs, depth] = weight.shape as [number, number]
    const choice = chooseConv(
      {
        ...{ kernel: [1, 1], stride: [1, 1], padding: [0, 0], groups: 1, planar: false },
        ...{ inChannels: depth, outChannels: outputs, pixels: x.n },
      },
      this.setting.parallelism,
    )
    const { result, activation } = this.activation(node, index)
    const shape = { inChannels: depth, outChannels: outputs, activation }
    const tile = chooseTile(x.n, quads(outputs), this.setting.parallelism)
    const text =
      choice === 'product'
        ? product({ rows: x.n, ...shape }, this.setting)
        : pointwise({ pixels: x.n, tile, ...shape }, this.setting)
    const packed = this.weights(weight.data, { outputs, depth, taps: 1 }, quads(depth) * 4, 1, 0)
    const y = this.result(result, { n: x.n, c: outputs, hw: 1 })
    this.dispatch(node.name, text, [x], [packed, this.bias(node.bias, outputs)], y)
  }

  private batchNorm(node: BatchNorm, index: number): void {
    const x = this.quartered(node.inputs[0], node.name)
    const { result, activation } = this.activation(node, index)
    const [weight, bias, mean, variance] = [node.weight, node.bias, node.runningMean, node.runningVar].map(
      (name) => floatWeight(this.model, name).data,
    ) as [Float32Array, Float32Array, Float32Array, Float32Array]
    const padded = quads(x.c) * 4
    const factors = this.memory.constant(2 * padded, false, (to) => {
      for (let c = 0; c < x.c; c++) {
        const scale = weight[c]! / Math.sqrt(variance[c]! + node.epsilon)
        to[c] = scale
        to[padded + c] = bias[c]! - mean[c]! * scale
      }
    })
    const text = scaleShift({ pixels: x.n * x.hw, channels: x.c, activation }, this.setting)
    this.dispatch(node.name, text, [x], [factors], this.result(result, x))
  }

  /** A pooled map has its NCHW order already: the value is the same. */
  private flatten(name: string, source: string): void {
    const x = this.values.get(source)!
    const flat: Size = { n: x.n, c: x.c * x.hw, hw: 1 }
    if (x.planar || x.hw === 1) {
      x.lease.reads += this.readers.get(name) ?? 0
      this.values.set(name, { ...x, ...flat })
      this.memory.release(x.lease)
      return
    }
    this.dispatch(name, flatten(sizeOf(x), this.setting), [x], [], this.result(name, flat))
  }

  /** Show the outputs. */
  finish(): Plan {
    const outputs = Object.entries(this.model.outputs).map(([name, valueName]) => {
      const x = this.values.get(valueName)!
      const shape = this.shapes[valueName]!
      const bytes = elementCount(shape) * 4
      const inOrder = this.setting.precision === 'f32' && x.hw === 1 && (x.n === 1 || x.c % 4 === 0)
      if (x.planar || inOrder) return [name, { region: { buffer: x.lease.buffer, offset: 0, bytes }, shape }]
      const region: Region = { buffer: this.memory.lease(bytes, 1).buffer, offset: 0, bytes }
      this.emit(valueName, toNchw(sizeOf(x), this.setting), [this.region(x), region])
      return [name, { region, shape }]
    })
    const { buffers, constants } = this.memory
    return {
      ...{ buffers, constants, dispatches: this.dispatches, results: this.results, inputs: this.inputs },
      outputs: Object.fromEntries(outputs),
    }
  }

  /** The value in vectors of 4 channels; a model input is converted once, when first needed so. */
  private quartered(name: string, node: string): Value {
    const x = this.values.get(name)!
    if (!x.planar) return x
    const y: Value = { ...x, planar: false, lease: this.memory.lease(this.bytes(x), x.lease.reads) }
    this.emit(node, fromNchw(sizeOf(x), this.setting), [this.region(x), this.region(y)])
    this.values.set(name, y)
    return y
  }

  /** Where an activation alone reads what `node` makes, the kernel of `node` applies it. */
  private activation(node: Node, index: number): Fused {
    const reads = (other: Node): boolean => other.inputs.some((input) => input === node.name)
    const next = this.model.nodes.find((other, at) => at > index && reads(other))
    if (this.readers.get(node.name) === 1) {
      switch (next?.op) {
        case 'relu':
        case 'sigmoid':
        case 'silu':
        case 'gelu':
          this.fused.add(next.name)
          return { result: next.name, activation: next.op }
      }
    }
    return { result: node.name, activation: 'none' }
  }

  private result(name: string, { n, c, hw }: Size): Value {
    const reads = this.readers.get(name) ?? 0
    const value: Value = {
      n,
      c,
      hw,
      planar: false,
      lease: this.memory.lease(this.bytes({ n, c, hw }), reads),
    }
    this.values.set(name, value)
    this.results.push(name)
    return value
  }

  private dispatch(
    node: string,
    kernel: Kernel,
    from: readonly Value[],
    constants: readonly Region[],
    to: Value,
  ): void {
    this.emit(node, kernel, [...from.map((x) => this.region(x)), ...constants, this.region(to)])
    for (const x of from) this.memory.release(x.lease)
  }

  private emit(node: string, kernel: Kernel, regions: readonly Region[]): void {
    this.dispatches.push({ node, kernel, regions })
  }

  private region(value: Value): Region {
    const bytes = value.planar ? value.n * value.c * value.hw * 4 : this.bytes(value)
    return { buffer: value.lease.buffer, offset: 0, bytes }
  }

  private weights(
    data: Float32Array,
    shape: WeightShape,
    rows: number,
    inputStride: number,
    tapStride: number,
  ): Region {
    const floats = rows * quads(shape.outputs) * 4
    return this.memory.constant(floats, this.setting.precision === 'f16', (to) =>
      packWeights(to, data, shape, inputStride, tapStride),
    )
  }

  private bias(name: string | undefined, outputs: number): Region {
    const data = name === undefined ? undefined : floatWeight(this.model, name).data
    return this.memory.constant(quads(outputs) * 4, false, (to) => {
      if (data) to.set(data)
    })
  }

  private bytes({ n, c, hw }: Size): number {
    return n * hw * quads(c) * (this.setting.precision === 'f16' ? 8 : 16)
  }
}

function sizeOf({ n, c, hw }: Size): Layout {
  return { batch: n, channels: c, pixels: hw }
}
