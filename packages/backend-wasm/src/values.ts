/** The values of a model under planning: in which buffer and layout each lies, and how often that is still to be read. */
import { elementCount, type GraphUses, type Model, type Shapes } from '@mobileone/core'
import * as abi from './abi.ts'
import { type ArenaBuffer, wholeOf } from './arena.ts'
import { padChannels } from './choose.ts'
import type { Place, Program } from './program.ts'

/** A value in memory: groups of 8 channels (abi.ts), or NCHW for a model input. */
export interface Value {
  readonly n: number
  readonly c: number
  /** Height x width: all axes but the first and that of the channels. */
  readonly hw: number
  /** The axis of the channels, of which there is none at rank 1. Default 1. */
  readonly axis?: number | undefined
  readonly planar: boolean
  readonly buffer: Place
}
export type Size = Pick<Value, 'n' | 'c' | 'hw' | 'axis'>

/** The values planned so far, for models of feature maps and vectors; {@link ViewTable} is for all. */
export class ValueTable {
  /** The buffers of the model's inputs. */
  readonly inputs: Readonly<Record<string, ArenaBuffer>>
  protected readonly program: Program
  protected readonly shapes: Shapes
  readonly #uses: GraphUses
  readonly #values = new Map<string, Value>()
  /** Reads still to come of what each buffer holds, parts included, or more. */
  readonly #reads = new Map<Place, number>()

  constructor(inputs: Model['inputs'], shapes: Shapes, uses: GraphUses, program: Program) {
    this.program = program
    this.shapes = shapes
    this.#uses = uses
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
    return this.#values.get(name)!
  }

  /** The value in groups of 8 of its channels, which are axis 1; a model input is converted once, when first needed so. */
  blocked(name: string): Value {
    const x = this.#values.get(name)!
    if (!x.planar) return x
    const single = x.n * x.hw === 1
    const buffer = single ? x.buffer : this.program.buffer(bytes(x))
    if (!single) {
      this.#convert(name, 'from NCHW', abi.FROM_NCHW, x, buffer)
      this.count(name, buffer)
    }
    return this.hold(name, { ...x, planar: false, buffer })
  }

  /** The value in groups of 8 of its channels, which are the last axis. */
  rows(name: string): Value {
    return this.blocked(name)
  }

  /** The value in groups of 8 channels of either axis. */
  either(name: string): Value {
    return this.blocked(name)
  }

  /** Two values of one shape in groups of 8 channels of the same axis. */
  alike(a: string, b: string): readonly [Value, Value] {
    return [this.blocked(a), this.blocked(b)]
  }

  /** Where the value lies as one element after the other, to be read after the last step. */
  rowMajor(name: string): ArenaBuffer {
    const x = this.get(name)
    if (x.planar || x.n * x.hw === 1) return x.buffer as ArenaBuffer
    const buffer = this.program.buffer(elementCount(this.shapes[name]!) * 4)
    this.toNchw(name, x, buffer)
    return buffer
  }

  /** Write the value into `to`, NCHW; `node` is what needs it so. */
  toNchw(node: string, x: Value, to: ArenaBuffer): void {
    this.#convert(node, 'to NCHW', abi.TO_NCHW, x, to)
  }

  /** From here on `name` is `value`, whose buffer is read as often as `name` is. */
  set(name: string, value: Value): void {
    this.hold(name, value)
    this.count(name, value.buffer)
  }

  /** A new value; over `old` where nothing else will read that. */
  result(name: string, { n, c, hw, axis }: Size, old?: Place): Value {
    const reuse = old && this.#reads.get(old) === 1 ? old : undefined
    const buffer = reuse ?? this.program.buffer(bytes({ n, c, hw }))
    const value: Value = { n, c, hw, axis, planar: false, buffer }
    this.set(name, value)
    return value
  }

  /** One read of `value` is done. */
  release({ buffer }: Pick<Value, 'buffer'>): void {
    const whole = wholeOf(buffer)
    this.#reads.set(whole, this.#reads.get(whole)! - 1)
  }

  protected held(name: string): Value | undefined {
    return this.#values.get(name)
  }

  protected hold(name: string, value: Value): Value {
    this.#values.set(name, value)
    return value
  }

  /** Let `buffer` be read as often as `name` is, besides the reads that it has. */
  protected count(name: string, buffer: Place): void {
    const whole = wholeOf(buffer)
    this.#reads.set(whole, (this.#reads.get(whole) ?? 0) + this.#uses.reads(name))
  }

  protected neverReuse(buffer: Place): void {
    this.#reads.set(buffer, Number.POSITIVE_INFINITY)
  }

  #convert(node: string, kernel: string, op: number, x: Value, to: Place): void {
    this.program.step({
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
export function plane({ n, hw }: Size): number {
  return n * hw * 32
}

/** Groups of 8 channels, counted once an image. */
export function planes({ n, c }: Size): number {
  return (n * padChannels(c)) / 8
}
