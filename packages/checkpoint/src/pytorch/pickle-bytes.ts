import { invalidFile } from '../invalid-file.ts'
import { limits } from '../limits.ts'
import { show } from './globals.ts'

const utf8 = new TextDecoder()

/** The bytes of one pickle, read in order. Every length is checked against the file before it is used. */
export class PickleBytes {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #base: number
  #position: number
  #opcodeAt: number
  #opcodes = 0

  /**
   * @param bytes The file, or the record that holds the pickle.
   * @param start Where the pickle begins.
   * @param base What to add to offsets in messages, so that they are offsets in the file.
   */
  constructor(bytes: Uint8Array, start: number, base: number) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#base = base
    this.#position = start
    this.#opcodeAt = start
  }

  /** Where the next byte lies in `bytes`. */
  get position(): number {
    return this.#position
  }

  /** Where the opcode at hand lies in the file. */
  get opcodeAt(): number {
    return this.#base + this.#opcodeAt
  }

  /** Refuse the file at the opcode at hand. */
  fail(what: string): never {
    return invalidFile(`PyTorch file: ${what} at byte ${this.opcodeAt}`)
  }

  /** The next byte, from which `opcodeAt` counts. */
  opcode(): number {
    this.#opcodeAt = this.#position
    if (++this.#opcodes > limits.opcodes) this.fail(`more than ${limits.opcodes} opcodes`)
    return this.uint8()
  }

  uint8(): number {
    return this.#bytes[this.skip(1)]!
  }

  uint16(): number {
    return this.#view.getUint16(this.skip(2), true)
  }

  int32(): number {
    return this.#view.getInt32(this.skip(4), true)
  }

  uint32(): number {
    return this.#view.getUint32(this.skip(4), true)
  }

  /** Big-endian, unlike everything else. */
  float64(): number {
    return this.#view.getFloat64(this.skip(8), false)
  }

  /** A length of 64 bits, at most that of the file. */
  length64(): number {
    const value = this.#view.getBigUint64(this.skip(8), true)
    if (value > BigInt(this.#bytes.length)) {
      this.fail(`a length of ${value} in a file of ${this.#bytes.length} bytes`)
    }
    return Number(value)
  }

  text(length: number): string {
    return utf8.decode(this.#raw(length))
  }

  /** The text before the next line feed. */
  line(): string {
    const end = this.#bytes.indexOf(10, this.#position)
    if (end < 0) this.fail('a line without an end')
    const from = this.#position
    this.#position = end + 1
    return utf8.decode(this.#bytes.subarray(from, end))
  }

  /** An integer in decimal digits; undefined for a very long one. */
  integer(digits: string): number | bigint | undefined {
    if (!/^[+-]?\d+L?$/.test(digits)) this.fail(`${show(digits)} is not an integer`)
    if (digits.length > limits.integerBytes) return undefined
    return narrow(BigInt(digits.replace(/^\+|L$/g, '')))
  }

  /** A line that holds an index of the memo. */
  memoIndex(): number {
    const value = this.integer(this.line().trim())
    if (typeof value !== 'number' || value < 0) this.fail(`the memo index ${value}`)
    return value
  }

  /** An integer in little-endian two's complement; no bytes is zero, and undefined a very long one. */
  long(length: number): number | bigint | undefined {
    const from = this.skip(length)
    if (length > limits.integerBytes) return undefined
    let value = 0n
    let at = from + length
    for (; at - from >= 8; at -= 8) value = (value << 64n) | this.#view.getBigUint64(at - 8, true)
    for (; at > from; at--) value = (value << 8n) | BigInt(this.#bytes[at - 1]!)
    return narrow(BigInt.asIntN(8 * length, value))
  }

  /** Pass over `count` bytes; returns where they began. */
  skip(count: number): number {
    if (count > this.#bytes.length - this.#position) {
      this.fail(`the pickle is cut short: ${count} bytes are missing`)
    }
    this.#position += count
    return this.#position - count
  }

  #raw(length: number): Uint8Array {
    const from = this.skip(length)
    return this.#bytes.subarray(from, from + length)
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
