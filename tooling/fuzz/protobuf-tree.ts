/**
 * Protocol Buffers messages as trees without a schema, to change their structure: bytes that read as a message to their end are
 * taken for one.
 */
import type { Random } from '../../packages/core/src/index.ts'
import { hostileNumber, pick } from './parser.ts'

export interface Field {
  readonly number: number
  readonly type: number
  readonly value: bigint | Uint8Array | Field[]
}

const deepest = 12
/** Field 1023: beyond those of ONNX and Core ML. */
const largestTag = 8191n

/** The fields of `bytes`, undefined where they are no message. */
export function parseTree(bytes: Uint8Array, depth = 0): Field[] | undefined {
  const fields: Field[] = []
  let at = 0
  const varint = (): bigint | undefined => {
    let value = 0n
    for (let shift = 0n; at < bytes.length && shift < 70n; shift += 7n) {
      const byte = bytes[at++]!
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
    return undefined
  }
  while (at < bytes.length) {
    const tag = varint()
    if (tag === undefined || tag < 8n || tag > largestTag) return undefined
    const number = Number(tag >> 3n)
    const type = Number(tag & 7n)
    if (type === 0) {
      const value = varint()
      if (value === undefined) return undefined
      fields.push({ number, type, value })
    } else if (type === 1 || type === 5 || type === 2) {
      const length = type === 2 ? varint() : type === 1 ? 8n : 4n
      if (length === undefined || length > BigInt(bytes.length - at)) return undefined
      const value = bytes.subarray(at, (at += Number(length)))
      const inner =
        type === 2 && value.length > 1 && depth < deepest ? parseTree(value, depth + 1) : undefined
      fields.push({ number, type, value: inner ?? value })
    } else return undefined
  }
  return fields
}

/**
 * The bytes of a tree; undefined where they are more than `longest`. A tree may hold one field in thousands of places, so its bytes are
 * counted before there are any.
 */
export function encodeTree(fields: readonly Field[], longest: number): Uint8Array | undefined {
  const lengths = new Map<readonly Field[], number>()
  const lengthOf = (message: readonly Field[]): number => {
    const known = lengths.get(message)
    if (known !== undefined) return known
    let length = 0
    for (const { number, type, value } of message) {
      const inner = typeof value === 'bigint' ? varintLength(value) : contentLength(value)
      length += varintLength(number * 8 + type) + inner
      if (type === 2 && typeof value !== 'bigint') length += varintLength(inner)
    }
    lengths.set(message, length)
    return length
  }
  const contentLength = (value: Uint8Array | readonly Field[]): number =>
    value instanceof Uint8Array ? value.length : lengthOf(value)
  const total = lengthOf(fields)
  if (total > longest) return undefined

  const out = new Uint8Array(total)
  let at = 0
  const writeVarint = (value: number | bigint): void => {
    let rest = BigInt.asUintN(64, BigInt(value))
    for (; rest > 127n; rest >>= 7n) out[at++] = Number(rest & 127n) | 128
    out[at++] = Number(rest)
  }
  const write = (message: readonly Field[]): void => {
    for (const { number, type, value } of message) {
      writeVarint(number * 8 + type)
      if (typeof value === 'bigint') {
        writeVarint(value)
        continue
      }
      if (type === 2) writeVarint(contentLength(value))
      if (value instanceof Uint8Array) {
        out.set(value, at)
        at += value.length
      } else write(value)
    }
  }
  write(fields)
  return out
}

function varintLength(value: number | bigint): number {
  let length = 1
  for (let rest = BigInt.asUintN(64, BigInt(value)) >> 7n; rest > 0n; rest >>= 7n) length++
  return length
}

/** One to four changes of structure: fields removed, repeated, moved, renumbered, swapped for another, with other numbers or bytes. */
export function mutateTree(fields: readonly Field[], source: Random): Field[] {
  const tree = copyFields(fields)
  const messages: Field[][] = []
  const visit = (message: Field[]): void => {
    if (message.length > 0) messages.push(message)
    for (const { value } of message) if (Array.isArray(value)) visit(value)
  }
  visit(tree)
  for (let changes = source.integer(1, 4); changes > 0; changes--) {
    const message = pick(source, messages)
    if (message.length === 0) continue
    const at = source.integer(0, message.length - 1)
    const field = message[at]!
    const other = pick(source, pick(source, messages)) ?? field
    switch (source.integer(0, 8)) {
      case 0:
        message.splice(at, 1)
        break
      case 1:
        message.splice(at, 0, ...Array<Field>(source.next() < 0.9 ? 1 : source.integer(2, 3000)).fill(field))
        break
      case 2:
        message[at] = copyOf({ ...field, value: other.value, type: other.type })
        break
      case 3:
        message[at] = { ...field, number: source.integer(1, 30) }
        break
      case 4:
        message.splice(at, 0, copyOf(other))
        break
      case 5:
        message.push(...message.splice(at, 1))
        break
      case 6:
        message[at] = { ...field, type: 2, value: randomText(source) }
        break
      default:
        message[at] = changeValue(field, source)
    }
  }
  return tree
}

/** Never the field itself: a tree must not come to hold itself. */
function copyOf(field: Field, copies: Map<Field, Field> = new Map()): Field {
  if (!Array.isArray(field.value)) return field
  const known = copies.get(field)
  if (known) return known
  const copy = { ...field, value: copyFields(field.value, copies) }
  copies.set(field, copy)
  return copy
}

/** Bytes are shared: no change writes into them. A field in several places is one field in those of the copy. */
function copyFields(fields: readonly Field[], copies: Map<Field, Field> = new Map()): Field[] {
  return fields.map((field) => copyOf(field, copies))
}

function changeValue(field: Field, source: Random): Field {
  if (typeof field.value === 'bigint') {
    const value = BigInt(hostileNumber(source)) * (source.next() < 0.2 ? -1n : 1n)
    return { ...field, value: source.next() < 0.05 ? 2n ** 63n - 1n : value }
  }
  if (Array.isArray(field.value)) {
    const value: Field[] = []
    for (let count = source.integer(0, 5); count > 0; count--) {
      value.push({ number: source.integer(1, 30), type: 0, value: BigInt(hostileNumber(source)) })
    }
    return { ...field, value }
  }
  const bytes = field.value.slice(0, source.next() < 0.3 ? source.integer(0, field.value.length) : undefined)
  if (bytes.length > 0) bytes[source.integer(0, bytes.length - 1)] = source.integer(0, 255)
  return { ...field, value: bytes }
}

function randomText(source: Random): Uint8Array {
  const texts = [
    '',
    '__proto__',
    'constructor',
    'image',
    'x',
    '\u001b]0;t\u0007',
    'Conv',
    'Add',
    'conv',
    'const',
  ]
  return new TextEncoder().encode(source.next() < 0.98 ? pick(source, texts) : 'y'.repeat(100_000))
}
