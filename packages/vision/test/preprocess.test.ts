import type { Preprocess } from '@mobileone/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  centreCrop,
  normalize,
  preprocess,
  resize,
  resizeAndCrop,
  shorterSideTo,
  toTensor,
} from '../src/index.ts'
import { pattern } from './support/pattern.ts'

const rule: Preprocess = {
  size: [6, 8],
  resize: 10,
  interpolation: 'bilinear',
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
}

describe('geometry of torchvision', () => {
  test('Resize(256): the longer side is truncated', () => {
    expect(shorterSideTo(256, 500, 375)).toEqual({ width: 341, height: 256 })
    expect(shorterSideTo(256, 375, 500)).toEqual({ width: 256, height: 341 })
    expect(shorterSideTo(256, 100, 100)).toEqual({ width: 256, height: 256 })
    expect(shorterSideTo(256, 68, 121)).toEqual({ width: 256, height: 455 })
  })
  test('CenterCrop(224): half a pixel goes to the even side', () => {
    expect(centreCrop(341, 256, 224, 224)).toMatchObject({ left: 58, top: 16 })
    expect(centreCrop(343, 257, 224, 224)).toMatchObject({ left: 60, top: 16 })
    expect(centreCrop(345, 259, 224, 224)).toMatchObject({ left: 60, top: 18 })
  })
  test('CenterCrop of a smaller image pads with zeros, the odd one on the right and below', () => {
    expect(centreCrop(3, 10, 8, 6)).toEqual({ left: -2, top: 2, width: 8, height: 6 })
    const source = pattern('noise', 3, 3, 1, 5)
    const crop = resizeAndCrop(source, { ...rule, resize: 3, mean: [0], std: [1] })
    const rows = Array.from({ length: 6 }, (_, y) => [...crop.data.subarray(8 * y, 8 * y + 8)])
    const row = (y: number): number[] => [0, 0, ...source.data.subarray(3 * y, 3 * y + 3), 0, 0, 0]
    const zeros = new Array(8).fill(0)
    expect(rows).toEqual([zeros, row(0), row(1), row(2), zeros, zeros])
  })
})

test('an extreme aspect ratio costs no memory for the part that is cut away', () => {
  const sliver = { width: 1, height: 60_000, channels: 3 as const, data: new Uint8Array(180_000).fill(9) }
  const crop = resizeAndCrop(sliver, { ...rule, size: [224, 224], resize: 256 })
  expect(new Set(crop.data)).toEqual(new Set([9]))
})

describe('toTensor', () => {
  test('(x / 255 - mean) / std in float32, planes in order, images one after the other', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 3 }), (seed, count) => {
        const images = Array.from({ length: count }, (_, i) => pattern('noise', 12 + i, 11, 3, seed + i))
        const result = toTensor(images, rule)
        expect(result.shape).toEqual([count, 3, 6, 8])
        images.forEach((image, n) => {
          const resized = shorterSideTo(10, image.width, image.height)
          const whole = resize(image, resized.width, resized.height, 'bilinear')
          const { left, top } = centreCrop(resized.width, resized.height, 8, 6)
          for (let c = 0; c < 3; c++) {
            for (let y = 0; y < 6; y++) {
              for (let x = 0; x < 8; x++) {
                const value = whole.data[((y + top) * whole.width + x + left) * 3 + c]!
                const scaled = Math.fround(Math.fround(value) / Math.fround(255))
                const centred = Math.fround(scaled - Math.fround(rule.mean[c]!))
                const expected = Math.fround(centred / Math.fround(rule.std[c]!))
                expect(result.data[((n * 3 + c) * 6 + y) * 8 + x]).toBe(expected)
              }
            }
          }
        })
      }),
      { numRuns: 20 },
    )
  })

  test('one value of mean makes a grey input, by the luma of Pillow', () => {
    const image = {
      width: 3,
      height: 1,
      channels: 3 as const,
      data: new Uint8Array([255, 0, 0, 0, 255, 0, 10, 20, 30]),
    }
    // PIL.Image.convert('L') of these three colours.
    expect([...normalize(image, { mean: [0], std: [1] }).data].map((v) => Math.round(v * 255))).toEqual([
      76, 150, 18,
    ])
    expect(toTensor([image], { ...rule, mean: [0.5], std: [0.5] }).shape).toEqual([1, 1, 6, 8])
  })

  test('rules that cannot be followed are refused by field', () => {
    const image = pattern('noise', 4, 4, 3, 1)
    const refuse = (change: Partial<Preprocess>, message: RegExp): void => {
      expect(() => toTensor([image], { ...rule, ...change })).toThrow(message)
    }
    refuse({ size: [0, 8] }, /size\[0\] must be an integer/)
    refuse({ size: [8, 1e9] }, /size\[1\] must be an integer/)
    refuse({ resize: 2.5 }, /resize must be an integer/)
    refuse({ mean: [0, 0] }, /mean and std must both have 3 values/)
    refuse({ std: [1] }, /mean and std must both have 3 values/)
    refuse({ std: [1, 0, 1] }, /std finite and above 0/)
    refuse({ interpolation: 'nearest' as never }, /'bilinear' or 'bicubic'/)
  })
})

test('preprocess: one source gives a batch of one, a list a batch in its order', async () => {
  const images = [pattern('noise', 9, 12, 3, 1), pattern('noise', 30, 20, 3, 2)]
  expect(await preprocess(images, rule)).toEqual(toTensor(images, rule))
  expect(await preprocess(images[1]!, rule)).toEqual(toTensor([images[1]!], rule))
  await expect(preprocess([images[0]!, 'absent.jpg'], rule)).rejects.toThrow(
    /image 1 \(absent\.jpg\) does not exist/,
  )
})
