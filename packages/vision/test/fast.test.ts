import type { Preprocess } from '@mobileone/core'
import { lacking } from '@mobileone/testkit'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { type Image, type PreprocessOptions, preprocess } from '../src/index.ts'
import { fixtures, photographFixtures, photographs } from './support/files.ts'

const statistics = { mean: [0, 0, 0], std: [1, 1, 1] }
const rule: Preprocess = { size: [48, 56], resize: 60, interpolation: 'bilinear', ...statistics }

/** A smooth picture, which no filter changes much. */
const smooth: Image = {
  width: 173,
  height: 121,
  channels: 3,
  data: Uint8Array.from({ length: 173 * 121 * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % 173, Math.floor(i / 519), i % 3]
    return 120 + 100 * Math.sin(x / (9 + 3 * c) + y / (14 - c))
  }),
}
const { width, height, channels, data } = smooth
const raw = { raw: { width, height, channels } } as const
const jpeg = await sharp(data, raw).jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer()
const png = await sharp(data, raw).png().toBuffer()
const grey = await sharp(data, raw).greyscale().jpeg({ quality: 100 }).toBuffer()
const sideways = await sharp(data, raw).withMetadata({ orientation: 6 }).jpeg({ quality: 100 }).toBuffer()
const region = { x: 20, y: 10, width: 90, height: 70 }

/** Mean distance of `fast` from `exact`, in steps of 255. */
async function distance(source: Uint8Array, options: PreprocessOptions, by = rule): Promise<number> {
  const exact = await preprocess(source, by, options)
  const fast = await preprocess(source, by, { ...options, resample: 'fast' })
  expect(fast.shape).toEqual(exact.shape)
  return (
    (255 * fast.data.reduce((sum, value, i) => sum + Math.abs(value - exact.data[i]!), 0)) / fast.data.length
  )
}

const ways: readonly PreprocessOptions[] = [
  {},
  { rotate: 90 },
  { flip: true, rotate: 180 },
  { region },
  { region, rotate: 270, fit: 'letterbox' },
  { fit: 'stretch' },
  { orientation: 'ignore', fit: 'letterbox' },
]

describe('fast in Node is sharp, near to exact', () => {
  for (const [name, bytes] of Object.entries({ jpeg, png, grey, sideways })) {
    test.each(ways)(`${name}, %j`, async (options) => {
      expect(await distance(bytes, options)).toBeLessThan(8)
    })
  }

  test('a grey input', async () => {
    expect(await distance(png, {}, { ...rule, mean: [0.5], std: [1] })).toBeLessThan(3)
  })

  test('a large JPEG decoded at a part of its size', async () => {
    const large = await sharp(data, raw).resize(1730, 1210).jpeg({ quality: 100 }).toBuffer()
    expect(await distance(large, {})).toBeLessThan(3)
    expect(await distance(large, { region: { x: 200, y: 100, width: 900, height: 700 } })).toBeLessThan(3)
  })

  test('pixels and pictures with alpha are resized exactly', async () => {
    const exact = await preprocess(smooth, rule, { resample: 'exact' })
    expect(await preprocess(smooth, rule, { resample: 'fast' })).toEqual(exact)
    const rgba = new URL('images/rgba.png', fixtures)
    expect(await preprocess(rgba, rule, { resample: 'fast' })).toEqual(await preprocess(rgba, rule))
    const cmyk = new URL('images/cmyk.jpg', fixtures)
    expect(await preprocess(cmyk, rule, { resample: 'fast' })).toEqual(await preprocess(cmyk, rule))
  })

  test('a picture cut short is an error of its own', async () => {
    await expect(preprocess(jpeg.subarray(0, 900), rule, { resample: 'fast' })).rejects.toMatchObject({
      code: 'invalid-file',
    })
  })

  test.skipIf(lacking('golden'))('photographs: within four steps of 255 on average', async () => {
    const imagenet = { ...rule, size: [224, 224], resize: 256 } as const
    const names = Object.keys(photographFixtures.photographs).filter((_, i) => i % 25 === 0)
    for (const name of names) {
      const file = new URL(name, photographs)
      const exact = await preprocess(file, imagenet)
      const fast = await preprocess(file, imagenet, { resample: 'fast' })
      const steps = fast.data.reduce((sum, value, i) => sum + Math.abs(value - exact.data[i]!), 0)
      expect((255 * steps) / fast.data.length, name).toBeLessThan(4)
    }
  })
})
