import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fromCoreML, interpretPackage } from '../src/index.ts'
import { decompress, unpackBits } from '../src/read/compressed.ts'
import type { Constant } from '../src/read/constant.ts'
import { expectSameWeights } from './support/compressed.ts'
import { narrowModel } from './support/models.ts'

function read(
  type: string,
  operands: Readonly<Record<string, Constant>>,
  elements = 1000,
): Constant | undefined {
  let left = elements
  return decompress(type, {
    operand: (key) => operands[key],
    keep(count) {
      left -= count
      if (left < 0) throw new Error('too many elements')
    },
    work: () => {},
    fail(message) {
      throw new Error(message)
    },
  })
}

const constant = (
  dtype: Constant['dtype'],
  shape: readonly number[],
  values: readonly number[],
): Constant => ({
  dtype,
  shape,
  values,
})

describe('packages that coremltools compressed', () => {
  const fixture = (name: string): Uint8Array =>
    new Uint8Array(readFileSync(new URL(`fixtures/${name}.zip`, import.meta.url)))
  test.each([
    'ios16-palette-6',
    'ios16-sparse',
    'ios18-int4-block',
    'ios18-uint4-block',
    'ios18-palette-3',
    'ios18-palette-vector',
    'ios18-palette-scale',
  ])('%s has the weights that coremltools takes out of it', async (name) => {
    const packed = fixture(name)
    const model = fromCoreML(packed)
    expectSameWeights(model, fromCoreML(fixture(`${name}-dense`)))
    // coremltools makes one batch_norm of the normalisation of the image.
    expect(model.card?.preprocess).toEqual(narrowModel().card?.preprocess)
    expect(model.nodes.some(({ op }) => op === 'batchNorm')).toBe(false)
    await using executor = interpretPackage(packed)
    expect(Object.keys(executor.outputs)).toEqual(['classLabel_probs'])
  })
})

// The examples of coremltools' documentation of constexpr_lut_to_dense (iOS 18).
describe('lookup tables', () => {
  test('one for each group of rows', () => {
    const made = read('constexpr_lut_to_dense', {
      indices: constant('uint2', [6, 2], [2, 3, 3, 0, 1, 0, 3, 0, 2, 1, 0, 3]),
      lut: constant('fp16', [2, 1, 4, 1], [1, 5, 9, 13, 2, 10, 18, 26]),
    })
    expect(made?.shape).toEqual([6, 2])
    expect(Array.from(made?.values ?? [])).toEqual([9, 13, 13, 1, 5, 1, 26, 2, 18, 10, 2, 26])
  })

  const vectors = {
    indices: constant('uint1', [2, 2, 2], [0, 0, 1, 0, 1, 1, 0, 0]),
    lut: constant('int8', [1, 1, 1, 2, 3], [1, 2, 3, 4, 5, 6]),
  }
  test.each([
    [1, [2, 6, 2], [1, 1, 2, 2, 3, 3, 4, 1, 5, 2, 6, 3, 4, 4, 5, 5, 6, 6, 1, 1, 2, 2, 3, 3]],
    [-1, [2, 2, 6], [1, 2, 3, 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 4, 5, 6, 1, 2, 3, 1, 2, 3]],
  ])('of vectors along axis %i', (axis, shape, values) => {
    const made = read('constexpr_lut_to_dense', { ...vectors, vector_axis: constant('int32', [], [axis]) })
    expect(made?.shape).toEqual(shape)
    expect(Array.from(made?.values ?? [])).toEqual(values)
  })
})

test('scales and offsets of blocks along both axes', () => {
  const made = read('constexpr_blockwise_shift_scale', {
    data: constant('int4', [2, 4], [1, 2, 3, 4, -5, -6, -7, -8]),
    scale: constant('fp32', [2, 2], [1, 10, 100, 1000]),
    offset: constant('int4', [1, 2], [1, 2]),
  })
  expect(Array.from(made?.values ?? [])).toEqual([0, 1, 10, 20, -600, -700, -9000, -10000])
})

test('bits are packed from the lowest up, across bytes', () => {
  const bytes = Uint8Array.of(0b11_010_001, 0b0_101_100_0, 0b0000000_1)
  expect(Array.from(unpackBits(bytes, 3, 6))).toEqual([1, 2, 3, 4, 5, 2])
  expect(Array.from(unpackBits(Uint8Array.of(0b1000_0001), 1, 8))).toEqual([1, 0, 0, 0, 0, 0, 0, 1])
})

describe('parts that do not fit are refused', () => {
  const lut = constant('fp16', [1, 4, 1], [1, 2, 3, 4])
  const scale = constant('fp16', [1], [1])
  test.each<[string, string, Readonly<Record<string, Constant>>, RegExp]>([
    ['no table', 'constexpr_lut_to_dense', { indices: constant('uint2', [4], [0, 1, 2, 3]) }, /has no lut/],
    [
      'an index beyond the table',
      'constexpr_lut_to_dense',
      { indices: constant('uint3', [2], [1, 4]), lut },
      /index 4 into a table of 4/,
    ],
    [
      'a vector along no axis',
      'constexpr_lut_to_dense',
      {
        indices: constant('uint1', [2], [0, 1]),
        lut: constant('fp16', [1, 2, 2], [1, 2, 3, 4]),
        vector_axis: constant('int32', [], [3]),
      },
      /no axis 3/,
    ],
    [
      'vectors without end',
      'constexpr_lut_to_dense',
      {
        indices: constant('uint1', [2], [0, 1]),
        lut: constant('fp16', [1, 2, 2 ** 40], []),
        vector_axis: constant('int32', [], [0]),
      },
      /too many elements/,
    ],
    [
      'too few indices',
      'constexpr_lut_to_dense',
      {
        indices: constant('uint8', [1], [0]),
        lut: constant('fp16', [4], [1, 2, 3, 4]),
        shape: constant('uint32', [1], [2 ** 32 - 1]),
      },
      /1 bytes of indices for 4294967295 elements of 2 bits/,
    ],
    [
      'a table of three',
      'constexpr_lut_to_dense',
      {
        indices: constant('uint8', [1], [0]),
        lut: constant('fp16', [3], [1, 2, 3]),
        shape: constant('uint32', [1], [4]),
      },
      /table of 3/,
    ],
    [
      'blocks that do not divide',
      'constexpr_blockwise_shift_scale',
      { data: constant('int8', [5], [1, 2, 3, 4, 5]), scale: constant('fp16', [2], [1, 2]) },
      /cannot divide 5 into 2 blocks/,
    ],
    [
      'a scale of another rank',
      'constexpr_blockwise_shift_scale',
      { data: constant('int8', [1, 1], [1]), scale },
      /cannot divide 1x1 into 1 blocks/,
    ],
    [
      'more ones than values',
      'constexpr_sparse_to_dense',
      { nonzero_data: constant('fp16', [1], [1]), mask: constant('uint1', [2], [1, 1]) },
      /1 values for a mask of 2 ones/,
    ],
  ])('%s', (_, type, operands, message) => {
    expect(() => read(type, operands)).toThrow(message)
  })
})
