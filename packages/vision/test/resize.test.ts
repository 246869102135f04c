import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Image, type Interpolation, resize, resizeCrop } from '../src/index.ts'
import { fixtures, fromBase64, readJson, sha256 } from './support/files.ts'
import { type Kind, pattern } from './support/pattern.ts'

interface ResizeFixture {
  readonly kind: Kind
  readonly seed: number
  readonly channels: 1 | 3
  readonly from: readonly [number, number]
  readonly to: readonly [number, number]
  readonly filter: Interpolation
}
const { cases, large } = readJson<{
  cases: (ResizeFixture & { pixels: string })[]
  large: (ResizeFixture & { first: number[]; sha256: string })[]
}>(new URL('resize.json', fixtures))

const name = ({ kind, channels, from, to, filter }: ResizeFixture): string =>
  `${filter} ${kind} ${from.join('x')}x${channels} to ${to.join('x')}`
const run = ({ kind, seed, channels, from, to, filter }: ResizeFixture): Image =>
  resize(pattern(kind, ...from, channels, seed), ...to, filter)

describe('bit for bit as Pillow', () => {
  test('the fixtures cover both filters, shrinking, growing and both channel counts', () => {
    expect(cases.length).toBeGreaterThanOrEqual(90)
    expect(new Set(cases.map(({ filter }) => filter))).toEqual(new Set(['bilinear', 'bicubic']))
  })
  for (const fixture of cases) {
    test(name(fixture), () => {
      const result = run(fixture)
      expect([result.width, result.height, result.channels]).toEqual([...fixture.to, fixture.channels])
      expect([...result.data]).toEqual([...fromBase64(fixture.pixels)])
    })
  }
  for (const fixture of large) {
    test(name(fixture), () => {
      const result = run(fixture)
      expect([...result.data.subarray(0, fixture.first.length)]).toEqual(fixture.first)
      expect(sha256(result.data)).toBe(fixture.sha256)
    })
  }
})

const size = fc.integer({ min: 1, max: 48 })
const image = fc
  .record({ width: size, height: size, channels: fc.constantFrom(1 as const, 3 as const), seed: fc.nat() })
  .map(({ width, height, channels, seed }) => pattern('noise', width, height, channels, seed))
const interpolation = fc.constantFrom<Interpolation>('bilinear', 'bicubic')

describe('properties', () => {
  test('a crop of the resized image is the resized crop, also where it reaches outside', () => {
    const offset = fc.integer({ min: -12, max: 40 })
    fc.assert(
      fc.property(
        image,
        size,
        size,
        offset,
        offset,
        size,
        size,
        interpolation,
        (source, width, height, left, top, cropWidth, cropHeight, filter) => {
          const window = { left, top, width: cropWidth, height: cropHeight }
          const whole = resize(source, width, height, filter)
          const crop = resizeCrop(source, width, height, window, filter)
          const expected = new Uint8ClampedArray(cropWidth * cropHeight * source.channels)
          for (let y = 0; y < cropHeight; y++) {
            for (let x = 0; x < cropWidth; x++) {
              for (let c = 0; c < source.channels; c++) {
                const inside = x + left >= 0 && x + left < width && y + top >= 0 && y + top < height
                expected[(y * cropWidth + x) * source.channels + c] = inside
                  ? whole.data[((y + top) * width + x + left) * source.channels + c]!
                  : 0
              }
            }
          }
          expect([...crop.data]).toEqual([...expected])
        },
      ),
      { numRuns: 300 },
    )
  })

  test('a plain colour stays itself', () => {
    fc.assert(
      fc.property(
        size,
        size,
        size,
        size,
        fc.nat(255),
        interpolation,
        (w, h, width, height, value, filter) => {
          const plain: Image = { width: w, height: h, channels: 1, data: new Uint8Array(w * h).fill(value) }
          expect(new Set(resize(plain, width, height, filter).data)).toEqual(new Set([value]))
        },
      ),
    )
  })

  test('the same size gives the same pixels', () => {
    fc.assert(
      fc.property(image, interpolation, (source, filter) => {
        expect([...resize(source, source.width, source.height, filter).data]).toEqual([...source.data])
      }),
    )
  })

  test('each channel of RGB is resized as a grey image would be; alpha has no influence', () => {
    fc.assert(
      fc.property(size, size, size, size, fc.nat(), interpolation, (w, h, width, height, seed, filter) => {
        const rgb = pattern('noise', w, h, 3, seed)
        const rgba = new Uint8Array(w * h * 4)
        for (let i = 0; i < w * h; i++) {
          rgba.set(rgb.data.subarray(3 * i, 3 * i + 3), 4 * i)
          rgba[4 * i + 3] = i
        }
        const result = resize(rgb, width, height, filter)
        const withAlpha = resize({ width: w, height: h, channels: 4, data: rgba }, width, height, filter)
        expect([...withAlpha.data]).toEqual([...result.data])
        for (let c = 0; c < 3; c++) {
          const grey = resize(
            { width: w, height: h, channels: 1, data: rgb.data.filter((_, i) => i % 3 === c) },
            width,
            height,
            filter,
          )
          expect([...grey.data]).toEqual([...result.data.filter((_, i) => i % 3 === c)])
        }
      }),
    )
  })
})

test('sizes that are no positive integers are refused by name', () => {
  const source = pattern('noise', 4, 4, 3, 1)
  for (const width of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => resize(source, width, 4, 'bilinear')).toThrow(/width must be a positive integer/)
  }
  expect(() => resize(source, 4, 4, 'nearest' as never)).toThrow(/'bilinear' or 'bicubic'/)
})
