/**
 * The Protocol Buffers wire format (protobuf.dev/programming-guides/encoding): tags, varints, fixed-width numbers and
 * length-delimited bytes. Not responsible for any schema. The reader trusts nothing: every length is checked against
 * the bytes that are left before anything is made of it, and what becomes objects is counted before it is made.
 */
import { MobileOneError } from './errors.ts'

/** Wire types of Protocol Buffers (https://protobuf.dev/programming-guides/encoding/#structure); groups, 3 and 4, are refused. */
export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

/** Collects fields as pieces, so that large arrays are copied once, by `finish`. */
export class WireWriter {
  readonly #pieces: (Uint8Array | Float32Array)[] = []
  #length = 0

  /** Bytes written so far. */
  get length(): number {
    return this.#length
  }

  /** An int32, int64 or enum field; negative values take ten bytes. */
  int(field: number, value: number): void {
    this.#tag(field, wireType.varint)
    this.#varint(value)
  }

  /** A float field: four bytes, little-endian. */
  float(field: number, value: number): void {
    this.#tag(field, wireType.fixed32)
    this.#push(float32Bytes([value]))
  }

  /** A string field, in UTF-8. */
  string(field: number, value: string): void {
    this.bytes(field, new TextEncoder().encode(value))
  }

  /** A repeated int field, packed. */
  ints(field: number, values: readonly number[]): void {
    const packed = new WireWriter()
    for (const value of values) packed.#varint(value)
    this.message(field, packed)
  }

  /** A bytes field, borrowed until `finish`. Float32 data is written little-endian: `raw_data`, or packed floats. */
  bytes(field: number, value: Uint8Array | Float32Array): void {
    this.#tag(field, wireType.bytes)
    this.#varint(value.byteLength)
    this.#push(value)
  }

  /** A field that holds another message, as written so far. */
  message(field: number, value: WireWriter): void {
    this.#tag(field, wireType.bytes)
    this.#varint(value.#length)
    for (const piece of value.#pieces) this.#push(piece)
  }

  /** Everything written, in one new array. */
  finish(): Uint8Array {
    const out = new Uint8Array(this.#length)
    let at = 0
    for (const piece of this.#pieces) {
      out.set(piece instanceof Uint8Array ? piece : float32Bytes(piece), at)
      at += piece.byteLength
    }
    return out
  }

  #tag(field: number, type: number): void {
    this.#varint(field * 8 + type)
  }

  /** A signed number of up to 64 bits. */
  #varint(value: number): void {
    const bytes: number[] = []
    if (value >= 0 && value < 2 ** 31) {
      let rest = value
      for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128)
      bytes.push(rest)
    } else {
      let rest = BigInt.asUintN(64, BigInt(value))
      for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
      bytes.push(Number(rest))
    }
    this.#push(Uint8Array.from(bytes))
  }

  #push(piece: Uint8Array | Float32Array): void {
    this.#pieces.push(piece)
    this.#length += piece.byteLength
  }
}

function float32Bytes(values: ArrayLike<number>): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4))
  for (let i = 0; i < values.length; i++) view.setFloat32(i * 4, values[i] as number, true)
  return new Uint8Array(view.buffer)
}

/**
 * How many objects a file may still become: messages, texts and byte strings, which may take two bytes each in a file and
 * some hundred in memory. The readers of one file share it.
 */
export class WireBudget {
  readonly limit: number
  #left: number

  constructor(limit: number) {
    this.limit = limit
    this.#left = limit
  }

  /** Count one object; false where the limit is passed. */
  take(): boolean {
    return --this.#left >= 0
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Reads one message, field by field. Every problem is a MobileOneError `invalid-file` with the byte offset. */
export class WireReader {
  /** Number and wire type of the field that `next` found. */
  field = 0
  type = 0
  readonly #view: DataView
  readonly #format: string
  readonly #what: string
  readonly #budget: WireBudget
  #end: number
  #at = 0

  /**
   * @param format Names the file's format in errors, `ONNX` for example. @param what Names the message. Offsets count from
   * the start of `view`. @param budget Of the file; without one nothing is counted.
   */
  constructor(
    view: DataView,
    format: string,
    what: string,
    budget: WireBudget = new WireBudget(Number.POSITIVE_INFINITY),
  ) {
    this.#view = view
    this.#format = format
    this.#what = what
    this.#budget = budget
    this.#end = view.byteLength
  }

  /** Move to the next field; false at the end of the message. */
  next(): boolean {
    if (this.#at >= this.#end) return false
    const tag = this.#varint()
    if (tag > 0xffff_ffff) this.fail(`a field tag of ${tag}, which does not fit 32 bits,`)
    const number = Number(tag)
    this.field = Math.floor(number / 8)
    this.type = number % 8
    if (this.field === 0) this.fail('field number 0')
    return true
  }

  /** A signed 64-bit varint; beyond 2^53 the nearest double. */
  int(): number {
    this.#expect(wireType.varint)
    return this.#signed()
  }

  /** One element of a repeated int field, or all of them where the field is packed, added to `values`. */
  ints(values: number[]): void {
    if (this.type !== wireType.bytes) {
      values.push(this.int())
      return
    }
    const start = this.#span()
    const packed = this.#inside('packed integers', start, this.#at)
    let index = this.#grow(values, countVarints(this.#view, start, this.#at))
    while (packed.#at < packed.#end) values[index++] = packed.#signed()
  }

  /** As `ints`, for a repeated float field. */
  floats(values: number[]): void {
    this.#fixed(values, wireType.fixed32, 4, (at) => this.#view.getFloat32(at, true))
  }

  /** As `ints`, for a repeated double field. */
  doubles(values: number[]): void {
    this.#fixed(values, wireType.fixed64, 8, (at) => this.#view.getFloat64(at, true))
  }

  /** A view of the bytes, not a copy. */
  bytes(): Uint8Array {
    this.#count()
    const start = this.#span()
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + start, this.#at - start)
  }

  /** @param most Bytes that the text may have. */
  string(most: number = Number.POSITIVE_INFINITY): string {
    this.#count()
    const start = this.#span()
    const length = this.#at - start
    if (length > most) {
      this.fail(`a name of ${length} bytes in field ${this.field}, where at most ${most} belong,`)
    }
    if (length === 0) return ''
    try {
      return utf8.decode(new Uint8Array(this.#view.buffer, this.#view.byteOffset + start, length))
    } catch {
      return this.fail('text that is not UTF-8')
    }
  }

  /** A reader of the message in the field that `next` found. @param what Names it in errors. */
  message(what: string): WireReader {
    this.#count()
    const start = this.#span()
    return this.#inside(what, start, this.#at)
  }

  /** Pass over the field that `next` found. */
  skip(): void {
    if (this.type === wireType.varint) this.#varint()
    else if (this.type === wireType.fixed64) this.#take(8)
    else if (this.type === wireType.bytes) this.#span()
    else if (this.type === wireType.fixed32) this.#take(4)
    else this.fail(`wire type ${this.type} in field ${this.field}`)
  }

  /** @param found What is wrong, to begin the message. @throws MobileOneError `invalid-file`. */
  fail(found: string): never {
    throw new MobileOneError(
      'invalid-file',
      `not a readable ${this.#format} file: ${found} at byte ${this.#at}, in ${this.#what}; the file is damaged or of another format`,
    )
  }

  #count(): void {
    if (this.#budget.take()) return
    throw new MobileOneError(
      'unsupported',
      `cannot read this ${this.#format} file: by byte ${this.#at}, in ${this.#what}, it holds more than ${this.#budget.limit} ` +
        'messages and texts, and those of networks hold far fewer; it is damaged or made to exhaust memory',
    )
  }

  #inside(what: string, start: number, end: number): WireReader {
    const reader = new WireReader(this.#view, this.#format, what, this.#budget)
    reader.#at = start
    reader.#end = end
    return reader
  }

  /** Pass over a length and its bytes; where they start. They end where this reader now is. */
  #span(): number {
    this.#expect(wireType.bytes)
    const length = this.#varint()
    const left = this.#end - this.#at
    if (length > left) this.fail(`a length of ${length} where ${left} bytes are left`)
    return this.#take(Number(length))
  }

  #fixed(values: number[], single: number, size: number, get: (at: number) => number): void {
    if (this.type !== wireType.bytes) {
      this.#expect(single)
      values.push(get(this.#take(size)))
      return
    }
    const start = this.#span()
    const length = this.#at - start
    if (length % size !== 0) this.fail(`${length} bytes of packed ${size}-byte numbers`)
    let index = this.#grow(values, length / size)
    for (let at = start; at < this.#at; at += size) values[index++] = get(at)
  }

  /** Make room for `count` more values, without the slack that an array grows by; the index of the first. */
  #grow(values: number[], count: number): number {
    const { length } = values
    if (length + count > maxNumbers) {
      this.fail(`more than ${maxNumbers} numbers in one list`)
    }
    if (count > 1000) values.length += count
    return length
  }

  #signed(): number {
    const value = this.#varint()
    return typeof value === 'number' ? value : Number(BigInt.asIntN(64, value))
  }

  /** A number where it is below 2^28, as most are. */
  #varint(): number | bigint {
    let value = 0
    for (let index = 0; index < 4; index++) {
      const byte = this.#view.getUint8(this.#take(1))
      value |= (byte & 127) << (7 * index)
      if (byte < 128) return value
    }
    let wide = BigInt(value)
    for (let index = 4; index < 10; index++) {
      const byte = this.#view.getUint8(this.#take(1))
      if (index === 9 && byte > 1) break
      wide |= BigInt(byte & 127) << BigInt(7 * index)
      if (byte < 128) return wide
    }
    return this.fail('a varint of more than 64 bits')
  }

  #take(count: number): number {
    if (count > this.#end - this.#at) this.fail('the end of the data')
    this.#at += count
    return this.#at - count
  }

  #expect(type: number): void {
    if (this.type !== type) this.fail(`wire type ${this.type} in field ${this.field}, where ${type} belongs,`)
  }
}

/** Numbers that one list may have; engines keep longer arrays as hash tables. */
const maxNumbers = 2 ** 25

/** Varints between two offsets: the bytes that end one. */
function countVarints(view: DataView, start: number, end: number): number {
  let count = 0
  for (let at = start; at < end; at++) if (view.getUint8(at) < 128) count++
  return count
}
