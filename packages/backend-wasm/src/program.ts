/** A straight list of steps under construction, and the memory that they point to. */
import type { Step } from '@mobileone/core'
import * as abi from './abi.ts'
import { type ArenaBuffer, placeBuffers, type WholeBuffer } from './arena.ts'

/** Data written once, when the model is compiled. */
export interface Constant {
  readonly floats: number
  /** Write the data over zeros. */
  readonly fill: (to: Float32Array) => void
  /** Byte offset in the linear memory, set when the program is placed. */
  offset: number
}

/** What a step can point to. */
export type Place = ArenaBuffer | Constant

/** Everything about one step; the words are described in abi.ts. */
export interface StepOptions {
  /** The node that the step computes. */
  readonly node: string
  /** What `steps` shows. */
  readonly kernel: string
  readonly op: number
  readonly units: number
  readonly src: Place
  readonly dst: Place
  readonly weights?: Place
  /** Bytes of scratch memory that every thread needs. Default 0. */
  readonly scratch?: number
  /** The other words of the record that are not 0: values, and places whose address they hold. */
  readonly words: Readonly<Record<number, number | Place>>
}

/**
 * Where everything lies; offsets and sizes are bytes. Constants come first. What a run changes lies from `control` to `end`, and so
 * often as runs go on at a time: the next lies `end - control` further.
 */
export interface Placement {
  readonly steps: readonly Step[]
  /** Control words of the threads, CONTROL_BYTES. */
  readonly control: number
  /** Offset of step 0; the next one lies STEP_WORDS words further. */
  readonly records: number
  /** Units of each step. */
  readonly units: Int32Array
  /** Each thread's scratch memory; the threads' pieces follow each other. */
  readonly scratch: number
  readonly scratchBytes: number
  readonly end: number
  /** What is to be written into fresh, zeroed memory. */
  readonly constants: readonly { readonly write: (heap: Float32Array) => void }[]
  /** @param shift Bytes from the first place of what a run changes to the one written. */
  readonly writeRecords: (heap: Int32Array, shift: number) => void
}

export function constant(floats: number, fill: (to: Float32Array) => void): Constant {
  return { floats, fill, offset: 0 }
}

export class Program {
  readonly #steps: StepOptions[] = []
  readonly #buffers: WholeBuffer[] = []
  /** The first lies at HEAP. */
  readonly #constants: Set<Constant>

  constructor(first: Constant) {
    this.#constants = new Set([first])
  }

  /** Memory that lives from the first step that points to it until the last one. */
  buffer(bytes: number): ArenaBuffer {
    const buffer = { bytes: align(bytes), first: Number.POSITIVE_INFINITY, last: -1, offset: 0 }
    this.#buffers.push(buffer)
    return buffer
  }

  /** A buffer that is written before the first step. */
  inputBuffer(bytes: number): ArenaBuffer {
    const buffer = { bytes: align(bytes), first: 0, last: 0, offset: 0 }
    this.#buffers.push(buffer)
    return buffer
  }

  /** Let `buffer` live until the end: it is read after the last step. */
  keep(buffer: ArenaBuffer): void {
    buffer.last = Number.POSITIVE_INFINITY
  }

  step(step: StepOptions): void {
    const index = this.#steps.length
    for (const [, place] of pointers(step)) {
      if ('fill' in place) {
        this.#constants.add(place)
      } else {
        place.first = Math.min(place.first, index)
        place.last = Math.max(place.last, index)
      }
    }
    this.#steps.push(step)
  }

  /** Give everything its place, for `threads` threads. */
  place(threads: number): Placement {
    const steps = this.#steps
    const constants = [...this.#constants]
    let control = abi.HEAP
    for (const data of constants) {
      data.offset = control
      control = align(control + data.floats * 4)
    }
    const records = control + abi.CONTROL_BYTES
    const scratch = align(records + steps.length * abi.STEP_WORDS * 4)
    const scratchBytes = align(steps.reduce((most, step) => Math.max(most, step.scratch ?? 0), 0))
    const end = placeBuffers(this.#buffers, steps.length, scratch + scratchBytes * threads)
    return {
      steps: steps.map(({ node, kernel }) => ({ node, kernel })),
      control,
      records,
      units: Int32Array.from(steps, ({ units }) => units),
      scratch,
      scratchBytes,
      end,
      constants: constants.map(({ floats, fill, offset }) => ({
        write: (heap) => fill(heap.subarray(offset / 4, offset / 4 + floats)),
      })),
      writeRecords: (heap, shift) => {
        for (const [index, step] of steps.entries()) {
          heap.set(record(step, shift), (records + shift) / 4 + index * abi.STEP_WORDS)
        }
      },
    }
  }
}

/** The words of `step`, once everything it points to is placed. */
function record(step: StepOptions, shift: number): Int32Array {
  const words = new Int32Array(abi.STEP_WORDS)
  words[abi.OP] = step.op
  words[abi.UNITS] = step.units
  for (const [word, value] of Object.entries(step.words)) {
    if (typeof value === 'number') words[Number(word)] = value
  }
  for (const [word, place] of pointers(step)) {
    words[word] = 'fill' in place ? place.offset : place.offset + shift
  }
  return words
}

/** The words of `step` that hold an address. */
function pointers({ src, dst, weights, words }: StepOptions): (readonly [word: number, to: Place])[] {
  const found: [number, Place][] = [
    [abi.SRC, src],
    [abi.DST, dst],
  ]
  if (weights) found.push([abi.WEIGHTS, weights])
  for (const [word, value] of Object.entries(words)) {
    if (typeof value === 'object') found.push([Number(word), value])
  }
  return found
}

/** The size rounded up to a cache line. */
function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64
}
