import { invalidFile } from '../invalid-file.ts'
import { show } from './globals.ts'

const maxIntegerBytes = 1024
const utf8 = new TextDecoder()

/** The bytes of one pickle, read in order. Every length is checked against the file before it is used. */
export class PickleBytes {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #base: number
  #position: number
  #opcodeAt: number

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

  /** An integer in decimal digits. */
  integer(digits: string): number | bigint {
    if (!/^[+-]?\d{1,1024}L?$/.test(digits)) this.fail(`${show(digits)} is not an integer`)
    return narrow(BigInt(digits.replace(/^\+|L$/g, '')))
  }

  /** A line that holds an index of the memo. */
  memoIndex(): number {
    const value = this.integer(this.line().trim())
    if (typeof value !== 'number' || value < 0) this.fail(`the memo index ${value}`)
    return value
  }

  /** An integer in little-endian two's complement; no bytes is zero. */
  long(length: number): number | bigint {
    if (length > maxIntegerBytes) this.fail(`an integer of ${length} bytes`)
    const bytes = this.#raw(length)
    let value = 0n
    for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!)
    if (bytes.length > 0 && bytes[bytes.length - 1]! & 0x80) value -= 1n << BigInt(8 * bytes.length)
    return narrow(value)
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
