import { configFromWidths, isMobileOneError, type Random, random } from '@mobileone/core'
import { WireReader, WireWriter } from '@mobileone/core/protobuf-wire'
import { describe, expect, test } from 'vitest'
import { fromMLModel, toMLModel } from '../src/mlmodel.ts'
import { tinyModel } from './support/models.ts'

/** What reading comes to. Anything but a model or a MobileOneError fails the test. */
function outcome(bytes: Uint8Array, context: string): string {
  try {
    fromMLModel(bytes)
    return 'model'
  } catch (error) {
    if (isMobileOneError(error)) return error.code
    throw new Error(`${context}: ${String(error)}`, { cause: error })
  }
}

const small = tinyModel(
  configFromWidths({
    name: 'small',
    widths: [0.1, 0.1, 0.1, 0.1],
    blocks: [1, 1, 1, 1],
    branches: 1,
    squeezeExcite: [0, 0, 0, 1],
    classes: 5,
    inputSize: [33, 33],
  }),
)
const samples = [toMLModel(small), toMLModel(small, { weights: 'float16', input: 'array', output: 'values' })]

function count(
  cases: number,
  change: (sample: Uint8Array, source: Random) => Uint8Array,
): Map<string, number> {
  const source = random(20261124)
  const counts = new Map<string, number>()
  for (let index = 0; index < cases; index++) {
    const start = performance.now()
    const result = outcome(change(samples[index % samples.length] as Uint8Array, source), `case ${index}`)
    const ms = performance.now() - start
    if (ms > 3000 || !['invalid-file', 'unsupported', 'model'].includes(result))
      expect.unreachable(`case ${index}: ${result} after ${ms} ms`)
    counts.set(result, (counts.get(result) ?? 0) + 1)
  }
  return counts
}

/** The fields of a message: nested ones as fields again where `nested` says so. */
interface Field {
  readonly field: number
  readonly bytes?: Uint8Array
  readonly value?: number
  readonly fields?: Field[]
}

/** The path of field numbers below the model whose messages are taken apart: the description and the layers. */
const nested: ReadonlySet<string> = new Set(
  ['2', '2.1', '2.1.3', '2.1.3.4', '2.1.3.5', '2.10', '403', '500'].concat(
    ['403', '500'].flatMap((network) => [
      `${network}.1`,
      `${network}.2`,
      ...[100, 120, 130, 140, 230, 231, 245, 950, 1130].map((kind) => `${network}.1.${kind}`),
      `${network}.1.100.50`,
    ]),
  ),
)

function decode(bytes: Uint8Array, path = ''): Field[] {
  const reader = new WireReader(
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    'test',
    'test',
  )
  const fields: Field[] = []
  while (reader.next()) {
    const { field } = reader
    const here = path === '' ? String(field) : `${path}.${field}`
    if (reader.type === 0) fields.push({ field, value: reader.int() })
    else if (reader.type === 2) {
      const inner = reader.bytes()
      fields.push(nested.has(here) ? { field, fields: decode(inner, here) } : { field, bytes: inner })
    } else reader.skip()
  }
  return fields
}

function encode(fields: readonly Field[]): WireWriter {
  const out = new WireWriter()
  for (const { field, bytes, value, fields: inner } of fields) {
    if (inner) out.message(field, encode(inner))
    else if (bytes) out.bytes(field, bytes)
    else out.int(field, value ?? 0)
  }
  return out
}

/** Every message of the tree, as the list of its fields. */
function lists(fields: Field[]): Field[][] {
  return [fields, ...fields.flatMap(({ fields: inner }) => (inner ? lists(inner) : []))]
}

describe('damaged .mlmodel files', () => {
  test('750 seeded edits of the bytes', () => {
    const counts = count(750, (bytes, source) => {
      const at = source.integer(0, bytes.length - 1)
      const kind = source.integer(0, 3)
      if (kind === 0) return bytes.slice(0, at)
      const copy = bytes.slice()
      // Most of a file is weights: edits near the start of some layer meet more of the format.
      if (kind === 1) copy[at] = source.integer(0, 255)
      else if (kind === 2) copy.fill(255, at, at + source.integer(1, 12))
      else copy.copyWithin(at, source.integer(0, bytes.length - 1), bytes.length)
      return copy
    })
    expect(counts.get('invalid-file')).toBeGreaterThan(250)
    expect(counts.get('model')).toBeGreaterThan(50)
  }, 120_000)

  const sizes = [0, 1, 2, 3, 7, 64, 2 ** 16, 2 ** 31, 2 ** 40, 2 ** 53, -1, -(2 ** 40)]
  test('850 seeded edits of the structure: fields dropped, doubled, moved, swapped, with other numbers', () => {
    const counts = count(850, (bytes, source) => {
      const tree = decode(bytes)
      for (let edits = source.integer(1, 2); edits > 0; edits--) {
        const all = lists(tree).filter(({ length }) => length > 0)
        const list = all[source.integer(0, all.length - 1)] as Field[]
        const at = source.integer(0, list.length - 1)
        const field = list[at] as Field
        const other = list[source.integer(0, list.length - 1)] as Field
        const kind = source.integer(0, 5)
        if (kind === 0) list.splice(at, 1)
        else if (kind === 1) list.splice(at, 0, other)
        else if (kind === 2) list.reverse()
        else if (kind === 3 && field.bytes)
          list[at] = { field: field.field, bytes: other.bytes ?? field.bytes.slice(1) }
        else if (kind === 4) list[at] = { ...field, field: other.field }
        else {
          const numbers = all.flatMap((each) =>
            each.flatMap((item, index) => (item.value === undefined ? [] : [[each, index] as const])),
          )
          const [into, index] = numbers[source.integer(0, numbers.length - 1)] as readonly [Field[], number]
          into[index] = {
            field: (into[index] as Field).field,
            value: sizes[source.integer(0, sizes.length - 1)] as number,
          }
        }
      }
      return encode(tree).finish()
    })
    expect(counts.get('invalid-file')).toBeGreaterThan(200)
    expect(counts.get('unsupported')).toBeGreaterThan(10)
    expect(counts.get('model')).toBeGreaterThan(25)
  }, 120_000)
})

describe('a clear error for', () => {
  const edit = (change: (network: Field[], description: Field[]) => void): Uint8Array => {
    const tree = decode(samples[0] as Uint8Array)
    const of = (number: number): Field[] => tree.find(({ field }) => field === number)?.fields ?? []
    change(of(403), of(2))
    return encode(tree).finish()
  }
  const text = (value: string): Uint8Array => new TextEncoder().encode(value)
  const layerOf = (network: Field[], name: string): Field[] =>
    network.find(({ fields }) => fields?.some(({ bytes }) => bytes && String(bytes) === String(text(name))))
      ?.fields ?? []
  const inParams = (network: Field[], name: string, field: number, value: number): void => {
    const params = layerOf(network, name).find((item) => item.fields)?.fields ?? []
    params[params.findIndex((item) => item.field === field)] = { field, value }
  }

  test.each<[string, Uint8Array, RegExp]>([
    [
      'a cycle',
      edit((network) => layerOf(network, 'stem').splice(1, 1, { field: 2, bytes: text('stem.relu') })),
      /layer "stem" \(convolution\) reads "stem.relu", which no earlier layer makes/,
    ],
    [
      'two layers of one name',
      edit((network) => network.splice(1, 0, network[1] as Field)),
      /makes ".+", which is there already/,
    ],
    [
      'a huge convolution',
      edit((network) => inParams(network, 'stem', 1, 2 ** 31)),
      /weight of layer "stem" \(convolution\) has \d+ bytes for 57982058496 float32 elements/,
    ],
    ['a size beyond all numbers', edit((network) => inParams(network, 'stem', 1, 2 ** 60)), /has a size of/],
    [
      'a wrong group count',
      edit((network) => inParams(network, 'stem', 10, 7)),
      /in 7 groups for 3 channels/,
    ],
    [
      'too few labels',
      edit((network) =>
        network.splice(
          network.findIndex(({ field }) => field === 100),
          1,
          { field: 100, bytes: Uint8Array.of(10, 1, 65) },
        ),
      ),
      /has 1 labels for 5 classes/,
    ],
    [
      'a huge image',
      edit((_, description) => {
        const image =
          lists(description).find(
            (fields) => fields.length === 3 && fields.every(({ value }) => value !== undefined),
          ) ?? []
        image[0] = { field: 1, value: 2 ** 52 }
        image[1] = { field: 2, value: 2 ** 52 }
      }),
      /the input "image" has the shape/,
    ],
    ['half a file', (samples[0] as Uint8Array).slice(0, 7000), /a length of \d+ where \d+ bytes are left/],
    ['an empty network', encode([{ field: 500, fields: [] }]).finish(), /Core ML/],
  ])('%s', (_, bytes, message) => {
    expect(() => fromMLModel(bytes)).toThrow(message)
    expect(outcome(bytes, '')).toBe('invalid-file')
  })
})
