import { describe, expect, test } from 'vitest'
import {
  type ConvShape,
  chooseConv,
  choosePixels,
  chooseProduct,
  chooseTile,
  hardware,
  software,
} from '../src/choose.ts'
import { packWeights } from '../src/pack-weights.ts'

describe('tiles', () => {
  test.each([
    [56 * 56, 12, software, { pixels: 4, quads: 1 }],
    [49, 256, software, { pixels: 4, quads: 1 }],
    [3, 2, software, { pixels: 1, quads: 1 }],
    [112 * 112, 48, hardware, { pixels: 4, quads: 2 }],
    [28 * 28, 48, hardware, { pixels: 2, quads: 1 }],
    [49, 256, hardware, { pixels: 1, quads: 1 }],
    [1_000_000, 1, hardware, { pixels: 4, quads: 1 }],
  ])('%i pixels, %i quads', (pixels, quads, parallelism, tile) => {
    expect(chooseTile(pixels, quads, parallelism)).toEqual(tile)
  })

  test('neighbours of a row', () => {
    expect(choosePixels(112, 112, 12, hardware)).toBe(4)
    expect(choosePixels(7, 7, 256, hardware)).toBe(1)
    expect(choosePixels(1000, 3, 256, hardware)).toBe(2)
  })
})

describe('matrix products', () => {
  test.each([
    [12_544, 12, 12, 256, { rows: 4, columns: 16, slices: 4 }],
    [196, 64, 64, 256, { rows: 4, columns: 8, slices: 16 }],
    [1, 256, 250, 256, { rows: 1, columns: 8, slices: 32 }],
    [3, 6, 2, 256, { rows: 2, columns: 8, slices: 2 }],
    [49, 6, 17, 256, { rows: 4, columns: 32, slices: 2 }],
    [49, 256, 64, 128, { rows: 4, columns: 8, slices: 16 }],
    [49, 256, 64, 4, { rows: 4, columns: 4, slices: 1 }],
  ])('%i rows, %i to %i quads, workgroups of at most %i', (rows, inQuads, outQuads, largest, tile) => {
    expect(chooseProduct(rows, inQuads, outQuads, largest)).toEqual(tile)
  })

  test('no workgroup is larger than asked, nor needs more than 16 kB', () => {
    const broken: string[] = []
    for (const largest of [1, 2, 8, 32, 64, 96, 128, 256])
      for (let inQuads = 6; inQuads < 600; inQuads += 1 + (inQuads >> 4))
        for (let outQuads = 1; outQuads < 600; outQuads += 1 + (outQuads >> 3)) {
          const { rows, columns, slices } = chooseProduct(100, inQuads, outQuads, largest)
          const whole = Number.isInteger(columns) && Number.isInteger(slices)
          if (!whole || columns * slices > largest || rows * columns * slices * 16 > 16_384)
            broken.push(`${largest}, ${inQuads} to ${outQuads}: ${rows} x ${columns} in ${slices}`)
        }
    expect(broken).toEqual([])
  })
})

test('every convolution has a kernel', () => {
  const base: ConvShape = {
    ...{ kernel: [3, 3], stride: [1, 1], padding: [1, 1], groups: 1 },
    ...{ inChannels: 8, outChannels: 8, pixels: 100, planar: false },
  }
  const single: Pick<ConvShape, 'kernel' | 'padding'> = { kernel: [1, 1], padding: [0, 0] }
  const choose = (shape: ConvShape): string => chooseConv(shape, hardware)
  expect(choose(base)).toBe('conv')
  expect(choose({ ...base, inChannels: 3, planar: true })).toBe('planar')
  expect(choose({ ...base, inChannels: 3, planar: true, groups: 3, outChannels: 3 })).toBe('depthwise')
  expect(choose({ ...base, groups: 8 })).toBe('depthwise')
  expect(choose({ ...base, groups: 8, outChannels: 16 })).toBe('grouped')
  expect(choose({ ...base, groups: 2 })).toBe('conv')
  expect(choose({ ...base, groups: 4 })).toBe('grouped')
  expect(choose({ ...base, ...single })).toBe('pointwise')
  expect(choose({ ...base, ...single, inChannels: 21 })).toBe('product')
  expect(chooseConv({ ...base, ...single, inChannels: 21 }, software)).toBe('pointwise')
  expect(choose({ ...base, ...single, stride: [2, 1] })).toBe('conv')
  expect(choose({ ...base, kernel: [1, 1] })).toBe('conv')
})

test('weights become vectors along the outputs, padded with zeros', () => {
  const to = new Float32Array(2 * 2 * 4)
  packWeights(to, Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), {
    outputs: 3,
    depth: 2,
    taps: 2,
    inputStride: 1,
    tapStride: 2,
  })
  expect([...to]).toEqual([1, 5, 9, 0, 3, 7, 11, 0, 2, 6, 10, 0, 4, 8, 12, 0])
})
