import type { Window } from '@mobileone/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { coefficients, spanOf } from '../src/coefficients.ts'
import { cut } from '../src/image.ts'
import { type Image, type Interpolation, normalize, resizeCrop, toGrey, toRgb } from '../src/index.ts'
import { ResizeKernel } from '../src/resize-kernel.ts'
import { lcg, pattern } from './support/pattern.ts'

const kernel = (await ResizeKernel.load())!

/** `count` values of which many are the extremes, where rounding and saturation show. */
function picture(width: number, height: number, channels: 1 | 3 | 4, seed: number): Image {
  const next = lcg(seed)
  const extremes = [0, 255, 255, 0, 128, 1, 254]
  const data = Uint8Array.from({ length: width * height * channels }, () => {
    const value = next() >>> 24
    return value < 128 ? extremes[value % extremes.length]! : next() >>> 24
  })
  return { width, height, channels, data }
}

/** What the kernel makes of `window` of the image resized to `width` x `height`. */
function run(
  image: Image,
  width: number,
  height: number,
  window: Window,
  filter: Interpolation,
): Float32Array {
  const horizontal = coefficients(image.width, width, window.left, window.width, filter)
  const vertical = coefficients(image.height, height, window.top, window.height, filter)
  const planes = image.channels === 1 ? 1 : 3
  const out = new Float32Array(planes * window.width * window.height)
  const place = { left: 0, top: 0, columns: window.width }
  const statistics = { mean: mean.slice(0, planes), std: std.slice(0, planes) }
  expect(kernel.run({ image, left: 0, top: 0 }, horizontal, vertical, statistics, out, place)).toBe(true)
  return out
}

const mean = [0.485, 0.456, 0.406]
const std = [0.229, 0.224, 0.225]

/** The same by the JavaScript that the fixtures of Pillow hold to. */
function expected(
  image: Image,
  width: number,
  height: number,
  window: Window,
  filter: Interpolation,
): Float32Array {
  const planes = image.channels === 1 ? 1 : 3
  const resized = resizeCrop(image, width, height, window, filter)
  return normalize(resized, { mean: mean.slice(0, planes), std: std.slice(0, planes) }).data
}

describe('the bits of the JavaScript', () => {
  const channels = fc.constantFrom<1 | 3 | 4>(1, 3, 4)
  const filter = fc.constantFrom<Interpolation>('bilinear', 'bicubic')
  const size = fc.integer({ min: 1, max: 90 })

  test('random sizes, windows, filters and channels', () => {
    fc.assert(
      fc.property(
        size,
        size,
        size,
        size,
        channels,
        filter,
        fc.nat(),
        (w, h, width, height, depth, each, seed) => {
          const next = lcg(seed)
          const within = (count: number): number => (next() >>> 8) % count
          const [left, top] = [within(width), within(height)]
          const window = { left, top, width: 1 + within(width - left), height: 1 + within(height - top) }
          const image = picture(w, h, depth, seed)
          expect(run(image, width, height, window, each)).toEqual(
            expected(image, width, height, window, each),
          )
        },
      ),
      { numRuns: 400 },
    )
  })

  test.each([
    [640, 480, 4],
    [1280, 720, 4],
    [333, 500, 3],
    [1100, 801, 3],
    [160, 121, 1],
  ] as const)('a picture of %i x %i with %i channels', (w, h, depth) => {
    const image = picture(w, h, depth, 7)
    const window = { left: 16, top: 15, width: 224, height: 221 }
    for (const each of ['bilinear', 'bicubic'] as const) {
      const [found, wanted] = [run, expected].map((make) => make(image, 300, 256, window, each).buffer)
      expect(Buffer.from(found!).equals(Buffer.from(wanted!))).toBe(true)
    }
  })

  test('a part of the picture is enough, and may lie anywhere in what is given', () => {
    fc.assert(
      fc.property(channels, filter, fc.nat(5), fc.nat(5), (depth, each, more, extra) => {
        const image = picture(70, 60, depth, more)
        const horizontal = coefficients(70, 41, 5, 21, each)
        const vertical = coefficients(60, 33, 4, 20, each)
        const [columns, rows] = [spanOf(horizontal), spanOf(vertical)]
        const [left, top] = [columns.first - more, rows.first - extra]
        fc.pre(left >= 0 && top >= 0)
        const window = { left, top, width: columns.count + more, height: rows.count + extra }
        const planes = depth === 1 ? 1 : 3
        const out = new Float32Array(planes * 30 * 25).fill(9)
        const place = { left: 3, top: 2, columns: 30 }
        const statistics = { mean: mean.slice(0, planes), std: std.slice(0, planes) }
        kernel.run({ image: cut(image, window), left, top }, horizontal, vertical, statistics, out, place)
        const wanted = expected(image, 41, 33, { left: 5, top: 4, width: 21, height: 20 }, each)
        const around = new Float32Array(planes * 30 * 25).fill(9)
        for (let c = 0; c < planes; c++) {
          for (let y = 0; y < 20; y++) {
            const row = wanted.subarray((c * 20 + y) * 21, (c * 20 + y + 1) * 21)
            around.set(row, (c * 25 + y + 2) * 30 + 3)
          }
        }
        expect(out).toEqual(around)
      }),
    )
  })
})

test('more rows than its memory holds are left to the JavaScript, and nothing is written', () => {
  const image = { width: 1, height: 1_200_000, channels: 1 as const, data: new Uint8Array(1_200_000) }
  const horizontal = coefficients(1, 64, 0, 64, 'bilinear')
  const vertical = coefficients(1_200_000, 64, 0, 64, 'bilinear')
  const out = new Float32Array(64 * 64).fill(5)
  const place = { left: 0, top: 0, columns: 64 }
  expect(
    kernel.run({ image, left: 0, top: 0 }, horizontal, vertical, { mean: [0], std: [1] }, out, place),
  ).toBe(false)
  expect(new Set(out)).toEqual(new Set([5]))
})

test('conversions of the whole are the same either way', () => {
  const rgb = pattern('noise', 9, 7, 3, 3)
  const rgba = { ...rgb, channels: 4 as const, data: new Uint8Array(9 * 7 * 4) }
  for (let i = 0; i < 9 * 7; i++) rgba.data.set([...rgb.data.subarray(3 * i, 3 * i + 3), i], 4 * i)
  const window = { left: 0, top: 0, width: 5, height: 6 }
  expect(run(rgba, 5, 6, window, 'bicubic')).toEqual(run(toRgb(rgba), 5, 6, window, 'bicubic'))
  expect(toGrey(rgba)).toEqual(toGrey(rgb))
})
