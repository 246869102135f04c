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

/** The bytes of a tree. */
export function encodeTree(fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = []
  collect(fields, parts)
  return Uint8Array.from(Buffer.concat(parts))
}

/** Append the parts of `fields`; returns how many bytes they are. */
function collect(fields: readonly Field[], parts: Uint8Array[]): number {
  let length = 0
  const add = (part: Uint8Array): void => {
    parts.push(part)
    length += part.length
  }
  for (const { number, type, value } of fields) {
    add(encodeVarint(number * 8 + type))
    if (typeof value === 'bigint') add(encodeVarint(BigInt.asUintN(64, value)))
    else if (Array.isArray(value)) {
      const place = parts.push(new Uint8Array(0)) - 1
      const inner = collect(value, parts)
      const size = type === 2 ? encodeVarint(inner) : parts[place]!
      parts[place] = size
      length += size.length + inner
    } else {
      if (type === 2) add(encodeVarint(value.length))
      add(value)
    }
  }
  return length
}

function encodeVarint(value: number | bigint): Uint8Array {
  const bytes: number[] = []
  if (typeof value === 'number' && value < 2 ** 31) {
    let rest = value
    for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128)
    bytes.push(rest)
  } else {
    let rest = BigInt(value)
    for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
    bytes.push(Number(rest))
  }
  return Uint8Array.from(bytes)
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
function copyOf(field: Field): Field {
  return Array.isArray(field.value) ? { ...field, value: copyFields(field.value) } : field
}

/** Bytes are shared: no change writes into them. */
function copyFields(fields: readonly Field[]): Field[] {
  return fields.map(copyOf)
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
