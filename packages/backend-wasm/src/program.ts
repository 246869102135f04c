/** A straight list of steps under construction: records, the buffers and constants they point to, who still reads what. */
import type { Step } from '@mobileone/core'
import * as abi from './abi.ts'
import { type Buffer, placeBuffers } from './arena.ts'

/** A buffer with the number of reads still to come. */
export interface Lease extends Buffer {
  reads: number
}

/** One word of a record and its value. */
export type Word = readonly [word: number, value: number]

/** Data written once, when the model is compiled. */
interface Constant {
  readonly name: string
  readonly floats: number
  readonly fill: (to: Float32Array) => void
  offset: number
}

interface StepRecord extends Step {
  readonly words: Int32Array
  readonly pointers: (readonly [word: number, to: { readonly offset: number }])[]
}

/** Where everything lies; offsets and sizes are bytes. */
export interface Placement {
  readonly steps: readonly Step[]
  /** Offset of step 0; the next one lies STEP_WORDS words further. */
  readonly records: number
  /** Units of each step. */
  readonly units: Int32Array
  /** Each thread's scratch memory; the threads' pieces follow each other. */
  readonly scratch: number
  readonly scratchBytes: number
  readonly end: number
  /** What is to be written into fresh, zeroed memory, in order. */
  readonly constants: readonly { readonly name: string; readonly write: (heap: Float32Array) => void }[]
  readonly writeRecords: (heap: Int32Array) => void
}

/** The size rounded up to a cache line. */
export const align = (bytes: number): number => Math.ceil(bytes / 64) * 64

export class Program {
  private readonly buffers: Lease[] = []
  private readonly constants: Constant[] = []
  private readonly records: StepRecord[] = []
  private scratchBytes = 0

  /** Memory that lives from the next step on, as long as steps point to it. */
  lease(bytes: number, reads: number): Lease {
    const first = this.records.length
    const buffer: Lease = { bytes: align(bytes), first, last: first, offset: 0, reads }
    this.buffers.push(buffer)
    return buffer
  }

  step(
    node: string,
    kernel: string,
    op: number,
    units: number,
    src: Lease,
    dst: Lease,
    words: readonly Word[],
  ): void {
    const record = new Int32Array(abi.STEP_WORDS)
    record[abi.OP] = op
    record[abi.UNITS] = units
    for (const [word, value] of words) record[word] = value
    this.records.push({ node, kernel, words: record, pointers: [] })
    this.point(abi.SRC, src)
    this.point(abi.DST, dst)
  }

  /** Let a word of the last step hold the address of a buffer, which then lives at least until that step. */
  point(word: number, buffer: Lease): void {
    buffer.last = Math.max(buffer.last, this.records.length - 1)
    this.records.at(-1)!.pointers.push([word, buffer])
  }

  /** Let a word of the last step hold the address of data that `fill` writes over zeros. */
  constant(floats: number, fill: (to: Float32Array) => void, word: number = abi.WEIGHTS): void {
    const record = this.records.at(-1)!
    const constant: Constant = { name: record.node, floats, fill, offset: 0 }
    this.constants.push(constant)
    record.pointers.push([word, constant])
  }

  /** The last step needs this much scratch memory in every thread. */
  scratch(bytes: number): void {
    this.scratchBytes = Math.max(this.scratchBytes, align(bytes))
  }

  place(threads: number): Placement {
    const records = abi.HEAP
    let end = align(records + this.records.length * abi.STEP_WORDS * 4)
    for (const constant of this.constants) {
      constant.offset = end
      end = align(end + constant.floats * 4)
    }
    const scratch = end
    end = placeBuffers(this.buffers, scratch + this.scratchBytes * threads)
    return {
      steps: this.records.map(({ node, kernel }) => ({ node, kernel })),
      records,
      units: Int32Array.from(this.records, ({ words }) => words[abi.UNITS]!),
      scratch,
      scratchBytes: this.scratchBytes,
      end,
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
}
