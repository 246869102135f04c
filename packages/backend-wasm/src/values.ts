/** The values of a model under planning: in which buffer and layout each lies, and how often that is still to be read. */
import { elementCount, type GraphUses, type Model } from '@mobileone/core'
import * as abi from './abi.ts'
import { type ArenaBuffer, BufferPart, wholeOf } from './arena.ts'
import { padChannels } from './choose.ts'
import type { Program } from './program.ts'

/** A value in memory: groups of 8 channels (abi.ts), or NCHW for a model input. */
export interface Value {
  readonly n: number
  readonly c: number
  /** Height x width. */
  readonly hw: number
  readonly planar: boolean
  readonly buffer: ArenaBuffer
}
export type Size = Pick<Value, 'n' | 'c' | 'hw'>

/** The values planned so far. */
export class ValueTable {
  /** The buffers of the model's inputs. */
  readonly inputs: Readonly<Record<string, ArenaBuffer>>
  readonly #program: Program
  readonly #uses: GraphUses
  readonly #values = new Map<string, Value>()
  /** Where the values that a concatenation joins are to be written: parts of its own place, `start` bytes into it. */
  readonly #homes = new Map<
    string,
    { readonly joined: string; readonly size: Size; readonly start: number }
  >()
  /** Buffers of values that are not made yet, but parts of which are. */
  readonly #begun = new Map<string, ArenaBuffer>()
  /** Reads still to come of what each buffer holds, parts included. */
  readonly #reads = new Map<ArenaBuffer, number>()

  constructor(inputs: Model['inputs'], uses: GraphUses, program: Program) {
    this.#program = program
    this.#uses = uses
    const buffers: Record<string, ArenaBuffer> = {}
    for (const [name, { shape }] of Object.entries(inputs)) {
      const buffer = program.inputBuffer(elementCount(shape) * 4)
      const [n = 1, c = 1, ...rest] = shape
      buffers[name] = buffer
      this.set(name, { n, c, hw: elementCount(rest), planar: true, buffer })
    }
    this.inputs = buffers
  }

  /** The value as it lies in memory. */
  get(name: string): Value {
    return this.#values.get(name)!
  }

  /** The value in groups of 8 channels; a model input is converted once, when first needed so. */
  blocked(name: string): Value {
    const x = this.get(name)
    if (!x.planar) return x
    const single = x.n * x.hw === 1
    const buffer = single ? x.buffer : this.#program.buffer(bytes(x))
    if (!single) {
      this.#convert(name, 'from NCHW', abi.FROM_NCHW, x, buffer)
      this.#reads.set(buffer, this.#reads.get(wholeOf(x.buffer))!)
    }
    const y: Value = { ...x, planar: false, buffer }
    this.#values.set(name, y)
    return y
  }

  /** Write the value into `to`, NCHW; `node` is what needs it so. */
  toNchw(node: string, x: Value, to: ArenaBuffer): void {
    this.#convert(node, 'to NCHW', abi.TO_NCHW, x, to)
  }

  /** From here on `name` is `value`, whose buffer is read as often as `name` is. */
  set(name: string, value: Value): void {
    this.#values.set(name, value)
    const whole = wholeOf(value.buffer)
    this.#reads.set(whole, (this.#reads.get(whole) ?? 0) + this.#uses.reads(name))
  }

  /** Let `name` be written where channel `channel` of `joined`, a value of `size` still to be made, begins; a multiple of 8. */
  home(name: string, joined: string, size: Size, channel: number): void {
    if (!this.#values.has(name) && !this.#homes.has(name)) {
      this.#homes.set(name, { joined, size, start: channel * size.n * size.hw * 4 })
    }
  }

  /** True where `name` lies in `joined` from its channel `channel` on. */
  isHome(name: string, joined: Value, channel: number): boolean {
    const { buffer } = this.get(name)
    return (
      buffer instanceof BufferPart &&
      buffer.whole === joined.buffer &&
      buffer.start === (channel / 8) * plane(joined)
    )
  }

  /** Channels of `x` from `channel` on, a multiple of 8, as the value `name`, where they are. */
  part(name: string, x: Value, channel: number, c: number): void {
    const size = { n: x.n, c, hw: x.hw }
    this.set(name, { ...x, c, buffer: new BufferPart(x.buffer, (channel / 8) * plane(x), bytes(size)) })
  }

  /** A new value: a part of the one that it is joined to, else over `old` where nothing else will read that. */
  result(name: string, { n, c, hw }: Size, old?: ArenaBuffer): Value {
    const buffer =
      this.#homes.has(name) || this.#begun.has(name)
        ? this.#place(name, { n, c, hw })
        : this.#fresh({ n, c, hw }, old)
    const value: Value = { n, c, hw, planar: false, buffer }
    this.set(name, value)
    return value
  }

  /** One read of `value` is done. */
  release({ buffer }: Value): void {
    const whole = wholeOf(buffer)
    this.#reads.set(whole, this.#reads.get(whole)! - 1)
  }

  #fresh(size: Size, old: ArenaBuffer | undefined): ArenaBuffer {
    return old && this.#reads.get(old) === 1 ? old : this.#program.buffer(bytes(size))
  }

  /** The place of `name` in what it is joined to, or its own, in which parts of it lie. */
  #place(name: string, size: Size): ArenaBuffer {
    const begun = this.#begun.get(name)
    if (begun) return begun
    const home = this.#homes.get(name)
    const buffer = home
      ? new BufferPart(this.#place(home.joined, home.size), home.start, bytes(size))
      : this.#program.buffer(bytes(size))
    this.#begun.set(name, buffer)
    return buffer
  }

  #convert(node: string, kernel: string, op: number, x: Value, to: ArenaBuffer): void {
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

export function bytes({ n, c, hw }: Size): number {
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
