/** The values of a model under planning: in which buffer and layout each lies, and how often that is still to be read. */
import { elementCount, type GraphUses, type Model } from '@mobileone/core'
import * as abi from './abi.ts'
import type { ArenaBuffer } from './arena.ts'
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
  /** Reads still to come of what each buffer holds. */
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
      this.#reads.set(buffer, this.#reads.get(x.buffer)!)
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
    this.#reads.set(value.buffer, (this.#reads.get(value.buffer) ?? 0) + this.#uses.reads(name))
  }

  /** A new value; over `old` where nothing else will read that. */
  result(name: string, { n, c, hw }: Size, old?: ArenaBuffer): Value {
    const reuse = old && this.#reads.get(old) === 1 ? old : undefined
    const buffer = reuse ?? this.#program.buffer(bytes({ n, c, hw }))
    const value: Value = { n, c, hw, planar: false, buffer }
    this.set(name, value)
    return value
  }

  /** One read of `value` is done. */
  release({ buffer }: Value): void {
    this.#reads.set(buffer, this.#reads.get(buffer)! - 1)
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
