import { readFileSync } from 'node:fs'
import {
  elementCount,
  isMobileOneError,
  type Model,
  type Random,
  random,
  spec,
  type Tensor,
  tensor,
  withCard,
} from '@mobileone/core'
import { unzipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { type CoreMLPackage, fromCoreML, interpretPackage, toCoreML, zipPackage } from '../src/index.ts'
import type { Operation, Specification } from '../src/mil/program.ts'
import { manifestPath, modelPath, weightsPath } from '../src/package.ts'
import { encodeSpecification } from '../src/write/encode-specification.ts'
import { buildSpecification } from '../src/write/to-coreml.ts'
import { fullCard, tinyModel } from './support/models.ts'

const codes: readonly string[] = ['invalid-file', 'unsupported', 'model']

/** What reading comes to. Anything but a model or a MobileOneError fails the test. */
function outcome(
  source: CoreMLPackage | Uint8Array,
  read: (source: CoreMLPackage | Uint8Array) => unknown,
  context: string,
): string {
  try {
    read(source)
    return 'model'
  } catch (error) {
    if (isMobileOneError(error)) return error.code
    throw new Error(`${context}: ${String(error)}`, { cause: error })
  }
}

/** A network as small as a file of every part can be: a convolution and a head that is large enough for int8. */
function smallest(): Model {
  const source = random(5)
  const weight = (...shape: readonly number[]): Tensor =>
    tensor(
      shape,
      Float32Array.from({ length: elementCount(shape) }, () => source.normal()),
    )
  const model: Model = {
    name: 'smallest',
    inputs: { image: spec([1, 3, 5, 4]) },
    nodes: [
      {
        op: 'conv2d',
        name: 'conv',
        inputs: ['image'],
        weight: 'conv.weight',
        bias: 'conv.bias',
        stride: [1, 1],
        padding: [1, 1],
        dilation: [1, 1],
        groups: 1,
      },
      { op: 'relu', name: 'relu', inputs: ['conv'] },
      { op: 'globalAvgPool', name: 'pool', inputs: ['relu'] },
      { op: 'flatten', name: 'flatten', inputs: ['pool'] },
      { op: 'linear', name: 'head', inputs: ['flatten'], weight: 'head.weight', bias: 'head.bias' },
    ],
    outputs: { logits: 'head' },
    weights: {
      'conv.weight': weight(1024, 3, 1, 1),
      'conv.bias': weight(1024),
      'head.weight': weight(8, 1024),
      'head.bias': weight(8),
    },
  }
  return withCard(model, fullCard(8, [5, 4]))
}

const samples = [toCoreML(smallest()), toCoreML(smallest(), { precision: 'int8', embedding: true })]
const zips = samples.map(zipPackage)
const compressed = [
  'ios16-palette-6',
  'ios18-uint4-block',
  'ios18-palette-vector',
  'ios18-palette-scale',
].map((name): CoreMLPackage => {
  const zip = unzipSync(readFileSync(new URL(`fixtures/${name}.zip`, import.meta.url)))
  const files = Object.entries(zip).map(([path, bytes]) => [path.replace(/^.*?\.mlpackage\//, ''), bytes])
  return { name, files: Object.fromEntries(files) }
})

function mutate(bytes: Uint8Array, source: Random): Uint8Array {
  const kind = source.integer(0, 4)
  const at = source.integer(0, bytes.length - 1)
  if (kind === 0) return bytes.slice(0, at)
  const copy = bytes.slice()
  if (kind === 1) copy[at] = source.integer(0, 255)
  else if (kind === 2)
    for (let i = 0; i < 8; i++) copy[source.integer(0, copy.length - 1)] = source.integer(0, 255)
  else if (kind === 3) copy.fill(255, at, at + source.integer(1, 12))
  else
    copy.copyWithin(
      at,
      source.integer(0, bytes.length - 1),
      Math.min(bytes.length, at + source.integer(1, 200)),
    )
  return copy
}

describe('damaged files', () => {
  const fuzz = (
    cases: number,
    change: (index: number, source: Random) => CoreMLPackage | Uint8Array,
  ): Map<string, number> => {
    const source = random(20260101)
    const counts = new Map<string, number>()
    const readers = [fromCoreML, interpretPackage]
    for (let index = 0; index < cases; index++) {
      const start = performance.now()
      const read = readers[index & 1] as (source: CoreMLPackage | Uint8Array) => unknown
      const result = outcome(change(index >> 1, source), read, `case ${index}`)
      const ms = performance.now() - start
      if (ms > 5000 || !codes.includes(result)) expect.unreachable(`case ${index}: ${result} after ${ms} ms`)
      counts.set(result, (counts.get(result) ?? 0) + 1)
    }
    return counts
  }

  test('2,000 seeded edits of the specification', () => {
    const counts = fuzz(2000, (index, source) => {
      const { name, files } = samples[index % 2] as CoreMLPackage
      return { name, files: { ...files, [modelPath]: mutate(files[modelPath] as Uint8Array, source) } }
    })
    expect(counts.get('invalid-file')).toBeGreaterThan(1000)
    expect(counts.get('model')).toBeGreaterThan(33)
  }, 120_000)

  test('700 seeded edits of the weight file and the manifest', () => {
    const counts = fuzz(700, (index, source) => {
      const { name, files } = samples[index % 2] as CoreMLPackage
      const path = source.next() < 0.5 ? weightsPath : manifestPath
      return { name, files: { ...files, [path]: mutate(files[path] as Uint8Array, source) } }
    })
    expect(counts.get('invalid-file')).toBeGreaterThan(70)
  }, 120_000)

  test('700 seeded edits of the zip file', () => {
    const counts = fuzz(700, (index, source) => mutate(zips[index % 2] as Uint8Array, source))
    expect(counts.get('invalid-file')).toBeGreaterThan(70)
  }, 120_000)

  test('800 seeded edits of compressed weights', () => {
    const counts = fuzz(800, (index, source) => {
      const { name, files } = compressed[index % compressed.length] as CoreMLPackage
      const path = source.next() < 0.8 ? modelPath : weightsPath
      return { name, files: { ...files, [path]: mutate(files[path] as Uint8Array, source) } }
    })
    expect(counts.get('invalid-file')).toBeGreaterThan(200)
    expect(counts.get('model')).toBeGreaterThan(40)
  }, 120_000)

  // Most edits of bytes end in the wire format; these are whole files whose programs are wrong.
  test('800 seeded edits of programs', () => {
    const { specification, weights } = buildSpecification(smallest())
    const { name, files } = samples[0] as CoreMLPackage
    const counts = fuzz(800, (_, source) => {
      const program = mutateProgram(specification, source)
      return { name, files: { ...files, [modelPath]: encodeSpecification(program), [weightsPath]: weights } }
    })
    expect(counts.get('invalid-file')).toBeGreaterThan(120)
    expect(counts.get('unsupported')).toBeGreaterThan(8)
  }, 120_000)
})

/** A program with one operation dropped, doubled, moved, renamed, of another type, with another input or shape. */
function mutateProgram(specification: Specification, source: Random): Specification {
  const operations = [...specification.program.operations]
  const at = source.integer(0, operations.length - 1)
  const other = operations[source.integer(0, operations.length - 1)] as Operation
  const operation = operations[at] as Operation
  const [output] = operation.outputs
  switch (source.integer(0, 6)) {
    case 0:
      operations.splice(at, 1)
      break
    case 1:
      operations.splice(at, 0, other)
      break
    case 2:
      operations.reverse()
      break
    case 3:
      operations[at] = { ...operation, type: other.type }
      break
    case 4: {
      const inputs = [...operation.inputs].map(
        ([key]) => [key, { kind: 'name', name: other.outputs[0]?.name ?? '' }] as const,
      )
      operations[at] = { ...operation, inputs: new Map(inputs) }
      break
    }
    case 5: {
      const size = [0, 1, 7, 2 ** 20, 2 ** 40][source.integer(0, 4)] as number
      if (output?.type.kind === 'tensor') {
        const shape = output.type.shape.map((old, axis) => (axis === 1 ? size : old))
        operations[at] = { ...operation, outputs: [{ ...output, type: { ...output.type, shape } }] }
      }
      break
    }
    default:
      operations[at] = { ...operation, attributes: other.attributes }
  }
  return { ...specification, program: { ...specification.program, operations } }
}

describe('hostile files', () => {
  const { name, files } = samples[0] as CoreMLPackage
  const withModel = (bytes: readonly number[]): CoreMLPackage => ({
    name,
    files: { ...files, [modelPath]: Uint8Array.from(bytes) },
  })
  const withManifest = (text: string): CoreMLPackage => ({
    name,
    files: { ...files, [manifestPath]: new TextEncoder().encode(text) },
  })
  test.each<[string, CoreMLPackage | Uint8Array, RegExp]>([
    ['empty', new Uint8Array(), /neither an ML program/],
    ['HTML', new TextEncoder().encode('<!doctype html>'), /not a readable Core ML file/],
    ['a length beyond the file', withModel([0x12, 0xff, 0xff, 0xff, 0xff, 0x7f]), /a length of \d+ where/],
    ['no manifest', { name, files: {} }, /there is no Manifest.json/],
    ['a manifest that is no JSON', withManifest('{'), /not JSON/],
    ['a manifest of another form', withManifest('[]'), /rootModelIdentifier/],
    [
      'a root named __proto__',
      withManifest('{"rootModelIdentifier":"__proto__","itemInfoEntries":{}}'),
      /no path/,
    ],
    [
      'a path outside',
      withManifest('{"rootModelIdentifier":"a","itemInfoEntries":{"a":{"path":"../../etc/passwd"}}}'),
      /is not there/,
    ],
    [
      'a zip file of something else',
      zipPackage({ name: 'x', files: { 'a.txt': Uint8Array.of(1) } }),
      /Manifest.json/,
    ],
  ])('%s', (_, source, message) => {
    expect(() => fromCoreML(source)).toThrow(message)
    expect(outcome(source, fromCoreML, '')).toBe('invalid-file')
  })

  test('a cycle', () => {
    const { specification, weights } = buildSpecification(tinyModel())
    const { program } = specification
    const operations = program.operations.map((operation): Operation => {
      if (operation.outputs[0]?.name !== 'stem') return operation
      return {
        ...operation,
        inputs: new Map([...operation.inputs, ['x', { kind: 'name', name: 'stem_relu' }]]),
      }
    })
    const bytes = encodeSpecification({ ...specification, program: { ...program, operations } })
    const source = { name, files: { ...files, [modelPath]: bytes, [weightsPath]: weights } }
    expect(() => fromCoreML(source)).toThrow(/reads "stem_relu", which no earlier operation makes/)
    expect(() => interpretPackage(source)).toThrow(/stem_relu/)
  })
})
