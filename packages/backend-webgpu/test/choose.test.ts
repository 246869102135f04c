import { describe, expect, test } from 'vitest'
import { type ConvShape, chooseConv, choosePixels, chooseTile, hardware, software } from '../src/choose.ts'
import { packWeights, toHalf } from '../src/pack.ts'

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
  expect(choose({ ...base, ...single, pixels: 8 })).toBe('product')
  expect(chooseConv({ ...base, ...single, pixels: 8 }, software)).toBe('pointwise')
  expect(choose({ ...base, ...single, stride: [2, 1] })).toBe('conv')
  expect(choose({ ...base, kernel: [1, 1] })).toBe('conv')
})

test('weights become vectors along the outputs, padded with zeros', () => {
  const to = new Float32Array(2 * 2 * 4)
  packWeights(
    to,
    Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
    { outputs: 3, depth: 2, taps: 2 },
    1,
    2,
  )
  expect([...to]).toEqual([1, 5, 9, 0, 3, 7, 11, 0, 2, 6, 10, 0, 4, 8, 12, 0])
})

test('every float16 survives, and what lies between rounds to nearest even', () => {
  const decode = (bits: number): number => {
    const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023]
    if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
  }
  for (let bits = 0; bits < 65536; bits++) {
    const value = decode(bits)
    if (Number.isNaN(value)) expect(toHalf(value) & 0x7fff).toBeGreaterThan(0x7c00)
    else if (toHalf(value) !== bits) expect.fail(`${value} gives ${toHalf(value)}, not ${bits}`)
    const next = decode(bits + 1)
    if ((bits & 0x7fff) >= 0x7bff) continue
    const even = bits & 1 ? bits + 1 : bits
    if (toHalf((value + next) / 2) !== even) expect.fail(`half way from ${value} to ${next}`)
  }
  expect([65519, 65520, -1e30].map(toHalf)).toEqual([0x7bff, 0x7c00, 0xfc00])
})
