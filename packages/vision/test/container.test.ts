import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readHeader, withoutOrientation } from '../src/container.ts'
import { decode } from '../src/index.ts'
import { decodeFixtures, fixtures, fromBase64 } from './support/files.ts'

const read = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`images/${name}`, fixtures)))
const names = Object.keys(decodeFixtures)

describe('readHeader', () => {
  for (const name of names.filter((name) => !name.endsWith('.tif'))) {
    test(name, () => {
      const [width, height] = decodeFixtures[name]!.size
      expect(readHeader(read(name))).toMatchObject({ width, height })
    })
  }

  test('lossy and extended WebP, BMP', () => {
    const riff = (kind: string, body: number[]): Uint8Array =>
      new Uint8Array([...Buffer.from(`RIFF\0\0\0\0WEBP${kind}`), body.length, 0, 0, 0, ...body])
    const lossy = riff('VP8 ', [0, 0, 0, 0x9d, 1, 0x2a, 24, 0x40, 17, 0x80])
    expect(readHeader(lossy)).toEqual({ format: 'webp', width: 24, height: 17 })
    const extended = riff('VP8X', [0, 0, 0, 0, 23, 0, 1, 16, 0, 0])
    expect(readHeader(extended)).toEqual({ format: 'webp', width: 65_560, height: 17 })
    const bmp = new Uint8Array(26)
    bmp.set(Buffer.from('BM'))
    new DataView(bmp.buffer).setInt32(18, 24, true)
    new DataView(bmp.buffer).setInt32(22, -17, true)
    expect(readHeader(bmp)).toEqual({ format: 'bmp', width: 24, height: 17 })
  })
})

describe('withoutOrientation', () => {
  for (let value = 1; value <= 8; value++) {
    test(`a JPEG of orientation ${value} decodes to its stored pixels`, async () => {
      const name = `orientation-${value}.jpg`
      const original = read(name)
      const hidden = withoutOrientation(original)
      expect(original).toEqual(read(name))
      expect([...(await decode(hidden)).data]).toEqual([...fromBase64(decodeFixtures[name]!.pixels)])
    })
  }

  test('PNG and WebP, both byte orders', async () => {
    const sharp = (await import('sharp')).default
    const { size, pixels } = decodeFixtures['rgb.png']!
    for (const format of ['png', 'webp'] as const) {
      const made = sharp(fromBase64(pixels), { raw: { width: size[0], height: size[1], channels: 3 } })
        .withMetadata({ orientation: 6 })
        .toFormat(format, { lossless: true })
      const bytes = new Uint8Array(await made.toBuffer())
      expect((await decode(bytes)).width, format).toBe(size[1])
      const image = await decode(withoutOrientation(bytes))
      expect([image.width, image.height], format).toEqual(size)
      expect([...image.data], format).toEqual([...fromBase64(pixels)])
    }
  })

  test('files without an orientation come back as they are', () => {
    for (const name of ['rgb.jpg', 'rgb.png', 'rgb.gif', 'rgb.webp']) {
      const bytes = read(name)
      expect(withoutOrientation(bytes)).toBe(bytes)
    }
  })
})

test('hostile bytes: no error, no loop, no growth, input untouched', () => {
  const seeds = fc.constantFrom(...names.map(read), new Uint8Array(0))
  const edits = fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { maxLength: 12 })
  fc.assert(
    fc.property(seeds, edits, fc.nat(2000), (seed, changes, length) => {
      const bytes = seed.slice(0, length)
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
      const before = bytes.slice()
      readHeader(bytes)
      expect(withoutOrientation(bytes).length).toBeLessThanOrEqual(bytes.length)
      expect(bytes).toEqual(before)
    }),
    { numRuns: 1000 },
  )
})
