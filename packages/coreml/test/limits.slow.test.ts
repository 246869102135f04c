/** Small files that name much: each is refused, or read, in bounded time and memory. */
import { isMobileOneError, type Model, profile, spec, tensor } from '@mobileone/core'
import { WireWriter } from '@mobileone/core/protobuf-wire'
import { measureCost } from '@mobileone/testkit'
import { zipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { type CoreMLPackage, fromCoreML, interpretPackage, packageBackend, toCoreML } from '../src/index.ts'
import { metadataKeys } from '../src/mil/metadata.ts'
import { Names } from '../src/mil/names.ts'
import type { Operation, Program, Value } from '../src/mil/program.ts'
import { tensorType } from '../src/mil/program.ts'
import { weightFile } from '../src/mil/wire-numbers.ts'
import { fromMLModel } from '../src/mlmodel.ts'
import { modelPath, weightsPath } from '../src/package.ts'
import { encodeSpecification } from '../src/write/encode-specification.ts'
import { buildSpecification } from '../src/write/to-coreml.ts'
import { tinyModel } from './support/models.ts'

type Read = (source: CoreMLPackage | Uint8Array) => unknown

/** Expect `read` to refuse `source` of `size` bytes with `message` within 2 s of processor time and 10 times its size and 50 MB. */
function expectCheap(source: CoreMLPackage | Uint8Array, read: Read, message: RegExp | undefined): void {
  const size =
    source instanceof Uint8Array
      ? source.length
      : Object.values(source.files).reduce((sum, { length }) => sum + length, 0)
  let found: unknown
  const most = { cpuMs: 2000, bytes: 10 * size + 50e6 }
  const { cpuMs, bytes } = measureCost(() => {
    try {
      read(source)
    } catch (error) {
      found = error
    }
  }, most)
  if (message) {
    expect(String(found)).toMatch(message)
    expect(isMobileOneError(found), String(found)).toBe(true)
  } else expect(found).toBe(undefined)
  expect(cpuMs, 'milliseconds of processor time').toBeLessThan(most.cpuMs)
  expect(bytes / 1e6, 'megabytes').toBeLessThan(most.bytes / 1e6)
}

const tiny = tinyModel()
const { name, files } = toCoreML(tiny, { input: 'array', output: 'values' })

function deflated(changed: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const entries = Object.entries({ ...files, ...changed })
  return zipSync(Object.fromEntries(entries.map(([path, bytes]) => [`${name}.mlpackage/${path}`, bytes])))
}

const built = buildSpecification(tiny, { input: 'array', output: 'values' })
const blobOffset = Math.ceil(built.weights.length / 64) * 64

/** The package with another program, whose weight file ends in one more blob of `bytes` zeros of the type with this code. */
function withProgram(
  change: (program: Program) => Program,
  bytes = 64,
  code = 1,
): Readonly<Record<string, Uint8Array>> {
  const { specification } = built
  const weights = new Uint8Array(blobOffset + 64 + bytes)
  weights.set(built.weights)
  const view = new DataView(weights.buffer, blobOffset)
  view.setUint32(0, 0xdeadbeef, true)
  view.setUint32(4, code, true)
  view.setBigUint64(8, BigInt(bytes), true)
  view.setBigUint64(16, BigInt(blobOffset + 64), true)
  return {
    [modelPath]: encodeSpecification({ ...specification, program: change(specification.program) }),
    [weightsPath]: weights,
  }
}

const blob = (dtype: 'fp16' | 'uint8', shape: readonly number[]): Value => ({
  type: tensorType(dtype, shape),
  payload: { kind: 'blob', file: weightFile, offset: blobOffset },
})
const scalar = (value: number): Value => ({
  type: tensorType('int32'),
  payload: { kind: 'numbers', values: [value] },
})
const constant = (output: string, value: Value): Operation => ({
  type: 'const',
  inputs: new Map(),
  outputs: [{ name: output, type: value.type }],
  attributes: new Map([['val', value]]),
})

describe('zip files', () => {
  const path = (file: string): string => `${name}.mlpackage/${file}`

  /** A zip file whose directory lists `count` entries for one run of `data`, each with the size it claims. */
  function overlapping(data: Uint8Array, count: number, method: number, claimed: number): Uint8Array {
    const names = Array.from({ length: count }, (_, index) =>
      index === 0 ? 'Manifest.json' : `more${index}`,
    )
    const directory = names.flatMap((file) => {
      const text = new TextEncoder().encode(path(file))
      const entry = new Uint8Array(46 + text.length)
      const view = new DataView(entry.buffer)
      view.setUint32(0, 0x02014b50, true)
      view.setUint16(10, method, true)
      view.setUint32(20, data.length, true)
      view.setUint32(24, claimed, true)
      view.setUint16(28, text.length, true)
      entry.set(text, 46)
      return [entry]
    })
    const local = new Uint8Array(30)
    new DataView(local.buffer).setUint32(0, 0x04034b50, true)
    const end = new Uint8Array(22)
    const view = new DataView(end.buffer)
    view.setUint32(0, 0x06054b50, true)
    view.setUint16(8, names.length, true)
    view.setUint16(10, names.length, true)
    view.setUint32(16, 30 + data.length, true)
    return Uint8Array.from(Buffer.concat([local, data, ...directory, end]))
  }

  test('stored entries that overlap and claim to be empty', () => {
    expectCheap(overlapping(new Uint8Array(1e6), 290, 0, 0), fromCoreML, /has 1000000 bytes and claims 0/)
  })

  test('stored entries that overlap', () => {
    expectCheap(overlapping(new Uint8Array(1e6), 290, 0, 1e6), fromCoreML, /its entries overlap/)
  })

  test('more files than a package has', () => {
    expectCheap(
      overlapping(new Uint8Array(0), 5000, 0, 0),
      fromCoreML,
      /holds 5000 files, where at most 1024/,
    )
  })

  test('an entry that unpacks to a thousand times what it claims', () => {
    const data = zipSync({ a: new Uint8Array(1e8) }, { level: 9 }).subarray(31, -70)
    expectCheap(overlapping(data, 1, 8, 10), fromCoreML, /unpacks to more than the 10 bytes it claims/)
  })

  test('zeros that unpack to a thousand times the file', () => {
    const zip = deflated({ [weightsPath]: new Uint8Array(5e7) })
    expectCheap(zip, fromCoreML, /would unpack to \d+, and \d+ are allowed; unzip it first/)
  })
})

describe('programs', () => {
  test.each([
    ['fromCoreML', fromCoreML],
    ['interpretPackage', interpretPackage],
  ] as const)('%s: a constant of 8 million numbers as every parameter', (_, read) => {
    const zip = deflated(
      withProgram(
        (program) => ({
          ...program,
          operations: [
            constant('many', blob('uint8', [8_000_000])),
            ...program.operations.map((operation): Operation => {
              if (operation.type !== 'conv') return operation
              const many = { kind: 'name', name: 'many' } as const
              return {
                ...operation,
                inputs: new Map([...operation.inputs, ['strides', many], ['pad', many], ['dilations', many]]),
              }
            }),
          ],
        }),
        8_000_000,
        3,
      ),
    )
    expect(zip.length).toBeLessThan(30_000)
    expectCheap(zip, read, /8000000 numbers/)
  })

  test('one blob as a thousand constants', () => {
    const read = withProgram(
      (program) => ({
        ...program,
        operations: [
          ...Array.from({ length: 1000 }, (_, index) => constant(`c${index}`, blob('fp16', [1_000_000]))),
          ...program.operations,
        ],
      }),
      2_000_000,
    )
    expectCheap(deflated(read), fromCoreML, /take more than \d+ bytes, too many for a file of this size/)
  })

  test('a blob as the axis of a thousand compressed weights', () => {
    const read = withProgram(
      (program) => ({
        ...program,
        operations: [
          ...Array.from(
            { length: 1000 },
            (_, index): Operation => ({
              type: 'constexpr_affine_dequantize',
              inputs: new Map(),
              outputs: [{ name: `c${index}`, type: tensorType('fp16', [1]) }],
              attributes: new Map<string, Value>([
                [
                  'quantized_data',
                  { type: tensorType('int8', [1]), payload: { kind: 'bytes', bytes: new Uint8Array(1) } },
                ],
                ['zero_point', scalar(0)],
                ['scale', scalar(1)],
                ['axis', blob('fp16', [1_000_000])],
              ]),
            }),
          ),
          ...program.operations,
        ],
      }),
      2_000_000,
    )
    expectCheap(deflated(read), fromCoreML, /need more than \d+ elements on the way/)
  })

  test('a sparse weight whose shape is a large constant', () => {
    const read = withProgram(
      (program) => ({
        ...program,
        operations: [
          constant('many', blob('uint8', [8_000_000])),
          ...Array.from(
            { length: 300 },
            (_, index): Operation => ({
              type: 'constexpr_sparse_to_dense',
              inputs: new Map(
                (['nonzero_data', 'mask', 'shape'] as const).map((key) => [
                  key,
                  { kind: 'name', name: 'many' },
                ]),
              ),
              outputs: [{ name: `c${index}`, type: tensorType('fp16', [1]) }],
              attributes: new Map(),
            }),
          ),
          ...program.operations,
        ],
      }),
      8_000_000,
      3,
    )
    expectCheap(deflated(read), fromCoreML, /a shape of 8000000 axes/)
  })

  test.each([
    ['fromCoreML', fromCoreML],
    ['interpretPackage', interpretPackage],
  ] as const)('%s: as many operations as may be, which are read', (_, read) => {
    const changed = withProgram((program) => {
      const last = program.operations.at(-1) as Operation
      const shown = program.outputs[0] as string
      const type = last.outputs[0]?.type ?? tensorType('fp32')
      const more = Array.from(
        { length: 16_000 },
        (_, index): Operation => ({
          type: 'relu',
          inputs: new Map([['x', { kind: 'name', name: index === 0 ? shown : `r${index - 1}` }]]),
          outputs: [{ name: `r${index}`, type }],
          attributes: new Map(),
        }),
      )
      return { ...program, operations: [...program.operations, ...more], outputs: ['r15999'] }
    })
    expectCheap({ name, files: { ...files, ...changed } }, read, undefined)
  })

  test('two-byte operations', () => {
    expectCheap(nested([502, 2, 2, 3, 2], twoBytes(3, 1_000_000)), fromCoreML, /more than 65536 operations/)
  })

  test('two-byte inputs of an operation', () => {
    expectCheap(nested([502, 2, 2, 3, 2, 3], twoBytes(2, 2_000_000)), fromCoreML, /messages and texts/)
  })

  test('two-byte features', () => {
    expectCheap(nested([2], twoBytes(1, 2_000_000)), fromCoreML, /more than 1024 inputs or outputs/)
  })

  test('a long name in every operation', () => {
    const long = 'n'.repeat(5000)
    const read = withProgram((program) => ({ ...program, outputs: [long] }))
    expectCheap({ name, files: { ...files, ...read } }, fromCoreML, /a name of 5000 bytes/)
  })

  test('one output many times', () => {
    const read = withProgram((program) => ({ ...program, outputs: Array(1000).fill(program.outputs[0]) }))
    expectCheap({ name, files: { ...files, ...read } }, fromCoreML, /shows one output twice/)
  })

  test('a tensor of a hundred thousand axes', () => {
    const axes = Array<number>(100_000).fill(1)
    const read = withProgram((program) => ({
      ...program,
      inputs: program.inputs.map((input) => ({ ...input, type: tensorType('fp32', axes) })),
    }))
    expectCheap({ name, files: { ...files, ...read } }, fromCoreML, /a tensor of more than 8 axes/)
  })
})

describe('older networks', () => {
  test('two-byte layers', () => {
    expectCheap(nested([500], twoBytes(1, 3_000_000)), fromMLModel, /messages and texts/)
  })

  test('weights in two-byte pieces', () => {
    const params = new WireWriter()
    for (const [field, value] of [
      [1, 3],
      [2, 1],
      [10, 3],
    ] as const)
      params.int(field, value)
    params.ints(20, [1, 1])
    params.message(50, new WireWriter())
    params.bytes(90, twoBytes(1, 3_000_000))
    const layer = new WireWriter()
    layer.string(1, 'conv')
    layer.string(2, 'x')
    layer.string(3, 'conv')
    layer.message(100, params)
    const body = new WireWriter()
    body.int(5, 1)
    body.message(1, layer)
    const out = new WireWriter()
    out.int(1, 4)
    out.message(2, described('x', [1, 3, 2, 2], 'conv'))
    out.message(500, body)
    expectCheap(out.finish(), fromMLModel, /messages and texts/)
  })

  test('one number for sixty thousand channels, in a thousand layers', () => {
    const body = new WireWriter()
    body.int(5, 1)
    for (let index = 0; index < 1000; index++) {
      const layer = new WireWriter()
      layer.string(1, `l${index}`)
      layer.string(2, index === 0 ? 'x' : `l${index - 1}`)
      layer.string(3, `l${index}`)
      const add = new WireWriter()
      add.float(1, 2)
      layer.message(230, add)
      body.message(1, layer)
    }
    const out = new WireWriter()
    out.int(1, 4)
    out.message(2, described('x', [1, 60_000, 1, 1], 'l999'))
    out.message(500, body)
    expectCheap(out.finish(), fromMLModel, undefined)
  })

  test('a constant of sixty thousand channels, added in a thousand layers', () => {
    const body = new WireWriter()
    body.int(5, 1)
    const held = new WireWriter()
    held.string(1, 'c')
    held.string(3, 'c')
    const constant = new WireWriter()
    constant.ints(1, [60_000, 1, 1])
    const data = new WireWriter()
    data.bytes(1, new Uint8Array(4 * 60_000))
    constant.message(2, data)
    held.message(290, constant)
    body.message(1, held)
    for (let index = 0; index < 1000; index++) {
      const layer = new WireWriter()
      layer.string(1, `l${index}`)
      layer.string(2, index === 0 ? 'x' : `l${index - 1}`)
      layer.string(2, 'c')
      layer.string(3, `l${index}`)
      layer.message(230, new WireWriter())
      body.message(1, layer)
    }
    const out = new WireWriter()
    out.int(1, 4)
    out.message(2, described('x', [1, 60_000, 1, 1], 'l999'))
    out.message(500, body)
    expectCheap(out.finish(), fromMLModel, /take more than \d+ bytes, too many for a file of this size/)
  })

  test('a sum of a hundred thousand values', () => {
    const layer = new WireWriter()
    layer.string(1, 'sum')
    for (let index = 0; index < 100_000; index++) layer.string(2, 'x')
    layer.string(3, 'sum')
    layer.message(230, new WireWriter())
    const body = new WireWriter()
    body.int(5, 1)
    body.message(1, layer)
    const out = new WireWriter()
    out.int(1, 4)
    out.message(2, described('x', [1, 3, 2, 2], 'sum'))
    out.message(500, body)
    expectCheap(out.finish(), fromMLModel, /makes more than 16384 nodes/)
  })

  test('as many layers as may be, which are read', () => {
    const body = new WireWriter()
    body.int(5, 1)
    const relu = new WireWriter()
    relu.message(10, new WireWriter())
    for (let index = 0; index < 16_384; index++) {
      const layer = new WireWriter()
      layer.string(1, `l${index}`)
      layer.string(2, index === 0 ? 'x' : `l${index - 1}`)
      layer.string(3, `l${index}`)
      layer.message(130, relu)
      body.message(1, layer)
    }
    const out = new WireWriter()
    out.int(1, 4)
    out.message(2, described('x', [1, 3, 2, 2], 'l16383'))
    out.message(500, body)
    expectCheap(out.finish(), fromMLModel, undefined)
  })
})

/** `count` empty messages of `field`. */
function twoBytes(field: number, count: number): Uint8Array {
  return new Uint8Array(2 * count).map((_, index) => (index % 2 === 0 ? field * 8 + 2 : 0))
}

/** `bytes` as the innermost of messages within messages, outermost field first. */
function nested(path: readonly number[], bytes: Uint8Array): Uint8Array {
  let inner = bytes
  for (const field of path.toReversed()) {
    const out = new WireWriter()
    out.bytes(field, inner)
    inner = out.finish()
  }
  return inner
}

/** A description of an array and an output array. */
function described(input: string, shape: readonly number[], output: string): WireWriter {
  const feature = (title: string, axes: readonly number[]): WireWriter => {
    const array = new WireWriter()
    array.ints(1, axes)
    array.int(2, 65568)
    const type = new WireWriter()
    type.message(5, array)
    const out = new WireWriter()
    out.string(1, title)
    out.message(3, type)
    return out
  }
  const out = new WireWriter()
  out.message(1, feature(input, shape))
  out.message(10, feature(output, []))
  return out
}

test('twenty thousand identifiers that are all the same are told apart', () => {
  const many = Array<string>(20_000).fill('same')
  const names = new Names()
  const { cpuMs } = measureCost(() => {
    for (const label of many) names.take(label)
  })
  expect([names.take('same'), names.take('same_1')]).toEqual(['same_20000', 'same_1_1'])
  expect(cpuMs, 'milliseconds of processor time').toBeLessThan(1000)
})

test.each([
  ['lists in lists', '['.repeat(2 ** 20), undefined],
  ['lists', `[${'[],'.repeat(2 ** 18)}[]]`, undefined],
  [
    'a text past the limit',
    `["${'x'.repeat(2 ** 20)}"]`,
    /1048580 characters where JSON belongs; at most 1048576/,
  ],
] as const)('labels in the metadata that are %s', (_, labels, message) => {
  const { metadata } = built.specification.description
  const userDefined = new Map([...metadata.userDefined, [metadataKeys.labels, labels]])
  const description = { ...built.specification.description, metadata: { ...metadata, userDefined } }
  const bytes = encodeSpecification({ ...built.specification, description })
  expectCheap({ name, files: { ...files, [modelPath]: bytes } }, fromCoreML, message)
})

test('a program that would run for many minutes, from a file of some kilobytes', async () => {
  const shape = [1, 64, 1024, 1024]
  const model: Model = {
    name: 'slow',
    inputs: { x: spec(shape) },
    nodes: [
      {
        op: 'conv2d',
        name: 'y',
        inputs: ['x'],
        weight: 'w',
        stride: [1, 1],
        padding: [1, 1],
        dilation: [1, 1],
        groups: 1,
      },
    ],
    outputs: { y: 'y' },
    weights: { w: tensor([64, 64, 3, 3]) },
  }
  const slow = toCoreML(model, { input: 'array', output: 'values' })
  expectCheap(slow, interpretPackage, /more than 17179869184 multiply-adds; raise maxMultiplyAdds/)
  expectCheap(slow, (source) => interpretPackage(source, { maxMultiplyAdds: 2 ** 36 }), undefined)

  const made = toCoreML(tiny, { input: 'array', output: 'values' })
  const { macs } = profile(tiny)
  const run = async (maxMultiplyAdds: number): Promise<number> => {
    await using executor = await packageBackend(made, tiny, { maxMultiplyAdds }).compile(tiny)
    return executor.steps.length
  }
  expect(await run(macs)).toBeGreaterThan(0)
  await expect(run(macs - 1)).rejects.toMatchObject({ code: 'unsupported' })
})
