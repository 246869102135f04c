/** The values of a model under planning: in which buffer and layout each lies, and how often that is still to be read. */
import { elementCount, type GraphUses, type Model, type Shapes } from '@mobileone/core'
import * as abi from './abi.ts'
import type { ArenaBuffer } from './arena.ts'
import { padChannels } from './choose.ts'
import { copyStep, type View } from './copy.ts'
import { channelsOf, digitsByAxis, isSame, rowMajor } from './layout.ts'
import { packChannels } from './pack.ts'
import type { Constant, Place, Program } from './program.ts'

/** A value in memory: groups of 8 channels (abi.ts), or row-major for a model input. */
export interface Value {
  readonly n: number
  readonly c: number
  /** Height x width, or all axes but the first and that of the channels. */
  readonly hw: number
  /** The axis of the channels, of which there is none at rank 1. Default 1. */
  readonly axis?: number | undefined
  readonly planar: boolean
  readonly buffer: Place
}
export type Size = Pick<Value, 'n' | 'c' | 'hw' | 'axis'>

/** The values planned so far. */
export class ValueTable {
  /** The buffers of the model's inputs. */
  readonly inputs: Readonly<Record<string, ArenaBuffer>>
  readonly #program: Program
  readonly #uses: GraphUses
  readonly #shapes: Shapes
  readonly #values = new Map<string, Value>()
  /** Values that lie otherwise than in groups of 8 channels of one axis. */
  readonly #views = new Map<string, View>()
  /** The elements of one item of what is the same in all of them, and where they lie by the axis of the channels. */
  readonly #parameters = new Map<string, { readonly data: Float32Array; readonly packed: Constant[] }>()
  /** Reads still to come of what each buffer holds, or more. */
  readonly #reads = new Map<Place, number>()

  constructor(inputs: Model['inputs'], shapes: Shapes, uses: GraphUses, program: Program) {
    this.#program = program
    this.#uses = uses
    this.#shapes = shapes
    const buffers: Record<string, ArenaBuffer> = {}
    for (const [name, { shape }] of Object.entries(inputs)) {
      const buffer = program.inputBuffer(elementCount(shape) * 4)
      buffers[name] = buffer
      this.set(name, { ...sizeOf(shape, 1), planar: true, buffer })
    }
    this.inputs = buffers
  }

  /** The value as it lies in memory. */
  get(name: string): Value {
    return this.#values.get(name) ?? this.either(name)
  }

  /** The value in groups of 8 of its channels, which are axis 1. */
  blocked(name: string): Value {
    return this.arranged(name, 1)
  }

  /** The value in groups of 8 of its channels, which are the last axis. */
  rows(name: string): Value {
    return this.arranged(name, Math.max(1, this.#shapes[name]!.length - 1))
  }

  /** The value in groups of 8 channels of either axis: as it lies, else as its rank suggests. */
  either(name: string): Value {
    return this.arranged(name, this.axisOf(name) ?? this.usualAxis(name))
  }

  /** The axis of which the value lies in groups of 8, if it does. */
  axisOf(name: string): number | undefined {
    const x = this.#values.get(name)
    if (x) return x.planar ? undefined : (x.axis ?? 1)
    const shape = this.#shapes[name]!
    const view = this.#views.get(name)
    return view && [1, shape.length - 1].find((axis) => isSame(view.layout, channelsOf(shape, axis)))
  }

  /** Axis 1 for feature maps; for tokens, [N, T, C], the last. */
  usualAxis(name: string): number {
    return this.#shapes[name]!.length === 3 ? 2 : 1
  }

  /** Where the elements are; a parameter is laid out in groups of `axis`. */
  view(name: string, axis: number = this.usualAxis(name)): View {
    const shape = this.#shapes[name]!
    const parameter = this.#parameters.get(name)
    if (parameter) {
      const one = [1, ...shape.slice(1)]
      const buffer = (parameter.packed[axis] ??= packChannels(parameter.data, one, axis))
      this.#reads.set(buffer, Number.POSITIVE_INFINITY)
      const { digits, ...rest } = channelsOf(one, axis)
      const repeated = shape[0] === 1 ? [] : [{ size: shape[0]!, row: 0, channel: 0 }]
      return { buffer, layout: { digits: [...repeated, ...digits], ...rest } }
    }
    const view = this.#views.get(name)
    if (view) return view
    const { planar, buffer, axis: channels = 1 } = this.#values.get(name)!
    return { buffer, layout: planar ? rowMajor(shape) : channelsOf(shape, channels) }
  }

  /** From here on `name` is what lies so, in a buffer that is read as often as `name` is. */
  setView(name: string, { buffer, layout }: View): void {
    let view: View = { buffer, layout }
    if (!digitsByAxis(layout.digits, this.#shapes[name]!)) {
      const to = { layout: rowMajor(this.#shapes[name]!), buffer: this.#program.buffer(this.#bytes(name)) }
      this.#program.step(copyStep(name, view, to))
      view = to
    }
    this.#views.set(name, view)
    this.#count(name, view.buffer)
  }

  /** From here on `name` is `data`, the elements of one item, in each item. */
  setParameter(name: string, data: Float32Array): void {
    this.#parameters.set(name, { data, packed: [] })
  }

  /** From here on `name` is `value`, whose buffer is read as often as `name` is. */
  set(name: string, value: Value): void {
    this.#values.set(name, value)
    this.#count(name, value.buffer)
  }

  /** Write the value into `to`, row-major; `node` is what needs it so. */
  toRowMajor(node: string, name: string, to: ArenaBuffer): void {
    const shape = this.#shapes[name]!
    const x = this.#values.get(name)
    if (x && !x.planar && (x.axis ?? 1) === 1) this.#convert(node, 'to NCHW', abi.TO_NCHW, x, to)
    else this.#program.step(copyStep(node, this.view(name), { buffer: to, layout: rowMajor(shape) }))
  }

  /** A new value; over `old` where nothing else will read that. */
  result(name: string, { n, c, hw, axis }: Size, old?: Place): Value {
    const reuse = old && this.#reads.get(old) === 1 ? old : undefined
    const buffer = reuse ?? this.#program.buffer(bytes({ n, c, hw }))
    const value: Value = { n, c, hw, axis, planar: false, buffer }
    this.set(name, value)
    return value
  }

  /** One read of `value` is done. */
  release({ buffer }: Pick<Value, 'buffer'>): void {
    this.#reads.set(buffer, this.#reads.get(buffer)! - 1)
  }

  /** The value in groups of 8 channels of `axis`, converted where it is not. */
  arranged(name: string, axis: number): Value {
    const x = this.#values.get(name)
    if (x && !x.planar && (x.axis ?? 1) === axis) return x
    const shape = this.#shapes[name]!
    const view = this.view(name, axis)
    const layout = channelsOf(shape, axis)
    const there = isSame(view.layout, layout)
    const size = sizeOf(shape, axis)
    const buffer = there ? view.buffer : this.#program.buffer(bytes(size))
    if (!there) {
      if (x?.planar && axis === 1) this.#convert(name, 'from NCHW', abi.FROM_NCHW, x, buffer)
      else this.#program.step(copyStep(name, view, { buffer, layout }))
      this.#count(name, buffer)
    }
    const y: Value = { ...size, planar: false, buffer }
    this.#values.set(name, y)
    return y
  }

  #count(name: string, buffer: Place): void {
    this.#reads.set(buffer, (this.#reads.get(buffer) ?? 0) + this.#uses.reads(name))
  }

  #bytes(name: string): number {
    return elementCount(this.#shapes[name]!) * 4
  }

  #convert(node: string, kernel: string, op: number, x: Value, to: Place): void {
    this.#program.step({
      node,
      kernel,
      op,
      units: planes(x),
      src: x.buffer,
      dst: to,
      words: { [abi.K]: x.c, [abi.PIXELS]: x.hw, [abi.BATCH]: x.n },
    })
  }
}

/** A value of `shape` whose channels are `axis`. */
export function sizeOf(shape: readonly number[], axis: number): Size {
  const [n, c] = [shape[0] ?? 1, shape[axis] ?? 1]
  return { n, c, hw: elementCount(shape) / (n * c), axis }
}

export function bytes({ n, c, hw }: Pick<Size, 'n' | 'c' | 'hw'>): number {
  return n * hw * padChannels(c) * 4
}

/** Bytes from 8 channels to the next 8. */
export function plane({ n, hw }: Pick<Size, 'n' | 'hw'>): number {
  return n * hw * 32
}

/** Groups of 8 channels, counted once an image. */
export function planes({ n, c }: Pick<Size, 'n' | 'c'>): number {
  return (n * padChannels(c)) / 8
}
