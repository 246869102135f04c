/** A plan under construction: where values lie, which activations are fused, what is dispatched. Knows no op and no kernel. */
import {
  elementCount,
  findUses,
  floatWeight,
  type GraphUses,
  inferShapes,
  isUnary,
  type Model,
  type Node,
  type Shapes,
  type Tensor,
} from '@mobileone/core'
import type { Parallelism } from './choose.ts'
import { fromNchw, type Layout, toNchw } from './kernels/layout.ts'
import { type Allocation, type Constant, Memory, type PlannedBuffer, type Region } from './memory.ts'
import { type Packing, packWeights } from './pack-weights.ts'
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
  /** Invocations of the largest workgroup: 256, or what the device allows. */
  readonly largestWorkgroup: number
  readonly parallelism: Parallelism
}

export interface Size {
  readonly n: number
  readonly c: number
  /** Height x width. */
  readonly hw: number
}

/** A value in vectors of 4 channels (wgsl.ts), or in NCHW for a model input. */
export interface Value extends Size {
  readonly planar: boolean
  readonly allocation: Allocation
}

export interface Fused {
  /** The value that holds the activated result. */
  readonly result: string
  readonly activation: Activation
}

export class PlanBuilder {
  readonly setting: PlanSetting
  readonly shapes: Shapes
  readonly #model: Model
  readonly #uses: GraphUses
  readonly #memory = new Memory()
  readonly #dispatches: Dispatch[] = []
  readonly #results: string[] = []
  readonly #inputs: Record<string, PlannedBuffer> = {}
  readonly #values = new Map<string, Value>()
  readonly #fused = new Set<string>()

  constructor(model: Model, setting: PlanSetting) {
    this.#model = model
    this.setting = setting
    this.shapes = inferShapes(model)
    this.#uses = findUses(model)
    for (const [name, { shape }] of Object.entries(model.inputs)) {
      const allocation = this.#memory.input(elementCount(shape) * 4, this.#uses.reads(name))
      const [n = 1, c = 1, ...rest] = shape
      this.#inputs[name] = allocation.buffer
      this.#values.set(name, { n, c, hw: elementCount(rest), planar: true, allocation })
    }
  }

  /** True where the kernel of an earlier node has made the value of `node` already. */
  isFused(node: Node): boolean {
    return this.#fused.has(node.name)
  }

  weight(name: string): Tensor {
    return floatWeight(this.#model, name)
  }

  /** The value as it lies. */
  value(name: string): Value {
    return this.#values.get(name)!
  }

  /** The value in vectors of 4 channels; a model input is converted once, when first needed so. */
  vectors(name: string, node: string): Value {
    const x = this.value(name)
    if (!x.planar) return x
    const allocation = this.#memory.allocate(this.#bytes(x), x.allocation.reads)
    const y: Value = { ...x, planar: false, allocation }
    this.#emit(node, fromNchw(layoutOf(x), this.setting), [this.#region(x), this.#region(y)])
    this.#values.set(name, y)
    return y
  }

  /** Where an activation alone reads what `node` makes, the kernel of `node` applies it. */
  activation(node: Node): Fused {
    const next = this.#uses.soleReader(node.name)
    if (!next || !isUnary(next)) return { result: node.name, activation: 'none' }
    this.#fused.add(next.name)
    return { result: next.name, activation: next.op }
  }

  /** A place for the value `name`. */
  result(name: string, { n, c, hw }: Size): Value {
    const allocation = this.#memory.allocate(this.#bytes({ n, c, hw }), this.#uses.reads(name))
    const value: Value = { n, c, hw, planar: false, allocation }
    this.#values.set(name, value)
    this.#results.push(name)
    return value
  }

  /** Let `name` be the value `x` in another shape of as many elements, in the same place. */
  alias(name: string, x: Value, size: Size): void {
    x.allocation.reads += this.#uses.reads(name)
    this.#values.set(name, { ...x, ...size })
    this.#memory.release(x.allocation)
  }

  dispatch(
    node: string,
    kernel: Kernel,
    from: readonly Value[],
    constants: readonly Region[],
    to: Value,
  ): void {
    this.#emit(node, kernel, [...from.map((x) => this.#region(x)), ...constants, this.#region(to)])
    for (const x of from) this.#memory.release(x.allocation)
  }

  /** Weights as `packing` lays them out. */
  weights(data: Float32Array, packing: Packing): Region {
    const floats = packing.rows * quads(packing.outputs) * 4
    return this.#memory.constant(floats, this.setting.precision === 'f16', (to) =>
      packWeights(to, data, packing),
    )
  }

  /** One number for each output, zero without `name`. */
  bias(name: string | undefined, outputs: number): Region {
    const data = name === undefined ? undefined : this.weight(name).data
    return this.constant(quads(outputs) * 4, (to) => {
      if (data) to.set(data)
    })
  }

  /** Float32 numbers that `fill` writes over zeros. */
  constant(floats: number, fill: Constant['fill']): Region {
    return this.#memory.constant(floats, false, fill)
  }

  /** Show the outputs. */
  finish(): Plan {
    const outputs = Object.entries(this.#model.outputs).map(([name, valueName]) => {
      const x = this.value(valueName)
      const shape = this.shapes[valueName]!
      const bytes = elementCount(shape) * 4
      const inOrder = this.setting.precision === 'f32' && x.hw === 1 && (x.n === 1 || x.c % 4 === 0)
      if (x.planar || inOrder) {
        return [name, { region: { buffer: x.allocation.buffer, offset: 0, bytes }, shape }]
      }
      const region: Region = { buffer: this.#memory.allocate(bytes, 1).buffer, offset: 0, bytes }
      this.#emit(valueName, toNchw(layoutOf(x), this.setting), [this.#region(x), region])
      return [name, { region, shape }]
    })
    return {
      buffers: this.#memory.buffers,
      constants: this.#memory.constants,
      dispatches: this.#dispatches,
      results: this.#results,
      inputs: this.#inputs,
      outputs: Object.fromEntries(outputs),
    }
  }

  #emit(node: string, kernel: Kernel, regions: readonly Region[]): void {
    this.#dispatches.push({ node, kernel, regions })
  }

  #region(value: Value): Region {
    const bytes = value.planar ? value.n * value.c * value.hw * 4 : this.#bytes(value)
    return { buffer: value.allocation.buffer, offset: 0, bytes }
  }

  #bytes({ n, c, hw }: Size): number {
    return n * hw * quads(c) * (this.setting.precision === 'f16' ? 8 : 16)
  }
}

export function layoutOf({ n, c, hw }: Size): Layout {
  return { batch: n, channels: c, pixels: hw }
}
