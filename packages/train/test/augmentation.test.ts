import { readFileSync } from 'node:fs'
import { random } from '@mobileone/core'
import type { Image } from '@mobileone/vision'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkAugmentation } from '../src/data/augmentation.ts'
import { applyOperation, autoAugment, imagenetPolicy, type Operation } from '../src/data/auto-augment.ts'
import { cut, mirror, randomCrop, randomResizedWindow } from '../src/data/crop.ts'
import { rotate, shearX, shearY, translateX, translateY } from '../src/data/operations/affine.ts'
import { brightness, color, contrast, sharpness } from '../src/data/operations/enhance.ts'
import { autoContrast, equalize, invert, posterize, solarize } from '../src/data/operations/tone.ts'

interface Case {
  readonly name: string
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
  readonly pixels: string
  readonly fill: readonly number[]
  readonly results: readonly [operation: Operation, value: number, pixels: string][]
}

const { cases } = JSON.parse(
  readFileSync(new URL('fixtures/augmentation.json', import.meta.url), 'utf8'),
) as { cases: readonly Case[] }

const operations: Record<Operation, (image: Image, value: number, fill: readonly number[]) => Image> = {
  shearX,
  shearY,
  translateX,
  translateY,
  rotate,
  brightness,
  color,
  contrast,
  sharpness,
  posterize,
  solarize,
  autoContrast,
  equalize,
  invert,
}

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))

describe.each(cases)('$name', ({ width, height, channels, pixels, fill, results }) => {
  const image: Image = { width, height, channels, data: bytes(pixels) }
  test.each(results)('%s %d gives the pixels of Pillow', (operation, value, expected) => {
    const result = operations[operation](image, value, fill)
    expect([result.width, result.height, result.channels]).toEqual([width, height, channels])
    expect([...result.data]).toEqual([...bytes(expected)])
    expect([...image.data]).toEqual([...bytes(pixels)])
  })
})

const images: fc.Arbitrary<Image> = fc
  .record({
    width: fc.integer({ min: 1, max: 19 }),
    height: fc.integer({ min: 1, max: 19 }),
    channels: fc.constantFrom(1 as const, 3 as const),
  })
  .chain(({ width, height, channels }) =>
    fc
      .uint8Array({ minLength: width * height * channels, maxLength: width * height * channels })
      .map((data) => ({ width, height, channels, data })),
  )
const fill = [1, 2, 3]

test('strength 0 leaves every image as it is', () => {
  fc.assert(
    fc.property(images, fc.integer(), (image, seed) => {
      const result = autoAugment(image, { strength: 0, fill, random: random(seed) })
      expect([...result.data]).toEqual([...image.data])
    }),
  )
})

test('operations with a magnitude change nothing at level 0, whatever their sign', () => {
  const withMagnitude = (Object.keys(operations) as Operation[]).filter(
    (operation) => !['autoContrast', 'equalize', 'invert'].includes(operation),
  )
  fc.assert(
    fc.property(
      images,
      fc.constantFrom(...withMagnitude),
      fc.constantFrom(1 as const, -1 as const),
      (image, operation, sign) => {
        expect([...applyOperation(image, operation, 0, sign, fill).data]).toEqual([...image.data])
      },
    ),
  )
})

test('at strength 1 each operation has the range of the paper', () => {
  const image: Image = {
    width: 331,
    height: 4,
    channels: 1,
    data: new Uint8Array(331 * 4).map((_, i) => i * 7),
  }
  const at = (operation: Operation, sign: 1 | -1): Uint8Array =>
    new Uint8Array(applyOperation(image, operation, 1, sign, fill).data)
  const expected = (operation: Operation, value: number): Uint8Array =>
    new Uint8Array(operations[operation](image, value, fill).data)
  expect(at('shearX', 1)).toEqual(expected('shearX', 0.3))
  expect(at('translateX', -1)).toEqual(expected('translateX', -150))
  expect(at('rotate', -1)).toEqual(expected('rotate', -30))
  expect(at('contrast', 1)).toEqual(expected('contrast', 1.9))
  expect(at('sharpness', -1)).toEqual(expected('sharpness', 1 - 0.9))
  expect(at('posterize', 1)).toEqual(expected('posterize', 4))
  expect(at('solarize', 1)).toEqual(expected('solarize', 0))
})

test('the policy has 25 lines of two steps, and all magnitudes are bins of the paper', () => {
  expect(imagenetPolicy).toHaveLength(25)
  for (const [, probability, magnitude] of imagenetPolicy.flat()) {
    expect(probability >= 0 && probability <= 1).toBe(true)
    expect(Number.isInteger(magnitude) && magnitude >= 0 && magnitude <= 9).toBe(true)
  }
})

test('every line of the policy is chosen, and its steps happen as often as they say', () => {
  const image: Image = { width: 2, height: 2, channels: 1, data: new Uint8Array([10, 90, 130, 250]) }
  const policy = [[['invert', 0.6, 0]], [['solarize', 1, 0]]] as const
  let inverted = 0
  for (let seed = 0; seed < 4000; seed++) {
    const { data } = autoAugment(image, { strength: 1, fill, random: random(seed), policy })
    if (data[0] === 245) inverted++
  }
  expect(inverted / 4000).toBeGreaterThan(0.27)
  expect(inverted / 4000).toBeLessThan(0.33)
})

test('a strength out of range is refused', () => {
  const image: Image = { width: 1, height: 1, channels: 1, data: new Uint8Array(1) }
  for (const strength of [-0.1, 1.1, Number.NaN]) {
    expect(() => autoAugment(image, { strength, fill, random: random(0) })).toThrow(/strength/)
  }
})

test('a random resized window lies in the image, with the area and ratio asked for', () => {
  const side = fc.integer({ min: 100, max: 500 })
  fc.assert(
    fc.property(side, side, fc.integer(), (width, height, seed) => {
      const window = randomResizedWindow({ width, height }, [0.08, 1], [3 / 4, 4 / 3], random(seed))
      expect(window.left).toBeGreaterThanOrEqual(0)
      expect(window.top).toBeGreaterThanOrEqual(0)
      expect(window.left + window.width).toBeLessThanOrEqual(width)
      expect(window.top + window.height).toBeLessThanOrEqual(height)
      const slack = 1 + 1 / Math.min(window.width, window.height)
      const share = (window.width * window.height) / (width * height)
      expect(share).toBeGreaterThan(0.08 / slack / slack)
      expect(share).toBeLessThanOrEqual(1)
      const ratio = window.width / window.height
      expect(ratio).toBeGreaterThan(3 / 4 / slack / slack)
      expect(ratio).toBeLessThan((4 / 3) * slack * slack)
    }),
  )
})

test('the area of random resized windows is uniform in the range asked for', () => {
  const shares = Array.from({ length: 4000 }, (_, seed) => {
    const { width, height } = randomResizedWindow(
      { width: 400, height: 400 },
      [0.1, 0.5],
      [1, 1],
      random(seed),
    )
    return (width * height) / 160_000
  })
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
  expect(mean).toBeCloseTo(0.3, 2)
  expect(shares.filter((share) => share < 0.2).length / shares.length).toBeCloseTo(0.25, 1)
  expect(Math.min(...shares)).toBeGreaterThan(0.098)
  expect(Math.max(...shares)).toBeLessThan(0.502)
})

test('an image too narrow for the ratio gives its largest centred window', () => {
  const ratio = [3 / 4, 4 / 3] as const
  expect(randomResizedWindow({ width: 400, height: 30 }, [0.9, 1], ratio, random(1))).toEqual({
    left: 180,
    top: 0,
    width: 40,
    height: 30,
  })
  expect(randomResizedWindow({ width: 30, height: 400 }, [0.9, 1], ratio, random(1))).toEqual({
    left: 0,
    top: 180,
    width: 30,
    height: 40,
  })
  expect(randomResizedWindow({ width: 1, height: 1 }, [0.08, 0.1], ratio, random(1))).toMatchObject({
    width: 1,
    height: 1,
  })
})

test('mirroring twice gives the image back, and cutting with a mirror is cutting, then mirroring', () => {
  fc.assert(
    fc.property(
      images,
      fc.integer({ min: -5, max: 25 }),
      fc.integer({ min: -5, max: 25 }),
      (image, left, top) => {
        expect([...mirror(mirror(image)).data]).toEqual([...image.data])
        const window = { left, top, width: 7, height: 6 }
        expect([...cut(image, window, true).data]).toEqual([...mirror(cut(image, window)).data])
        const part = cut(image, window)
        for (let y = 0; y < 6; y++) {
          for (let x = 0; x < 7; x++) {
            const [column, row] = [left + x, top + y]
            const inside = column >= 0 && column < image.width && row >= 0 && row < image.height
            for (let c = 0; c < image.channels; c++) {
              const expected = inside ? image.data[(row * image.width + column) * image.channels + c] : 0
              expect(part.data[(y * 7 + x) * image.channels + c]).toBe(expected)
            }
          }
        }
      },
    ),
  )
})

test('a padded crop shows every shift, each mirrored half of the time', () => {
  const data = new Uint8Array(16).map((_, i) => i + 1)
  const rule = { size: [4, 4], resize: 4, interpolation: 'bilinear', mean: [0], std: [1] } as const
  const seen = new Map<string, number>()
  for (let seed = 0; seed < 5000; seed++) {
    const crop = randomCrop(
      { width: 4, height: 4, channels: 1, data },
      { kind: 'padded', pixels: 1 },
      true,
      rule,
      random(seed),
    )
    const key = crop.data.join()
    seen.set(key, (seen.get(key) ?? 0) + 1)
  }
  expect(seen.size).toBe(18)
  for (const count of seen.values()) expect(count).toBeGreaterThan(200)
})

test('crops that make no sense are refused, naming the value', () => {
  const check = (crop: unknown) => () =>
    checkAugmentation({ crop, flip: true, autoAugment: false } as Parameters<typeof checkAugmentation>[0])
  expect(check({ kind: 'padded', pixels: -1 })).toThrow(/crop.pixels/)
  expect(check({ kind: 'padded', pixels: 1e9 })).toThrow(/crop.pixels/)
  expect(check({ kind: 'randomResized', scale: [0.5, 0.2], ratio: [1, 1] })).toThrow(/crop.scale/)
  expect(check({ kind: 'randomResized', scale: [0.1, 1], ratio: [0, 1] })).toThrow(/crop.ratio/)
  expect(check({ kind: 'other' })).toThrow(/crop.kind/)
})
