import { deflateRawSync } from 'node:zlib'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { inflateBase64 } from '../src/embedded-wasm.ts'
import { inflate } from '../src/inflate.ts'
import { random as randomOf } from '../src/random.ts'

describe('inflate', () => {
  const random = randomOf(7).next
  const kinds: [string, (length: number) => Uint8Array][] = [
    ['random bytes', (length) => Uint8Array.from({ length }, () => random() * 256)],
    ['few values', (length) => Uint8Array.from({ length }, () => random() ** 4 * 5)],
    ['one value', (length) => new Uint8Array(length).fill(65)],
    ['a far repetition', (length) => Uint8Array.from({ length }, (_, i) => ((i % 30_011) * 7919) >> 5)],
  ]
  test.each(kinds)('gives back what zlib deflated: %s', (_, make) => {
    for (const length of [0, 1, 2, 257, 258, 259, 5000, 70_000]) {
      const bytes = make(length)
      for (const options of [{ level: 0 }, { level: 1 }, { level: 9 }, { strategy: 4 }, { strategy: 2 }]) {
        const found = inflate(deflateRawSync(bytes, options))
        expect(Buffer.compare(found, bytes), `${length} ${JSON.stringify(options)}`).toBe(0)
      }
    }
  })

  test('damaged data is a typed error that ends', () => {
    const deflated = deflateRawSync(kinds[1]![1](3000))
    for (let i = 0; i < 500; i++) {
      const bytes = Uint8Array.from(deflated)
      bytes[Math.floor(random() * bytes.length)]! ^= 1 << (random() * 8)
      try {
        inflate(i % 2 ? bytes : bytes.subarray(0, random() * bytes.length))
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid-file' })
      }
    }
    expect(() => inflate(deflated.subarray(0, 100))).toThrow(/damaged at byte 100/)
  })
})

describe('inflateBase64', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
  })
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 7)
  const text = deflateRawSync(bytes).toString('base64')

  test.each(['DecompressionStream', 'Blob', 'Response'])('works without %s', async (name) => {
    vi.stubGlobal(name, undefined)
    expect(await inflateBase64(text)).toEqual(bytes)
  })

  test.each([undefined, (given: string) => new Uint8Array(Buffer.from(given, 'base64'))])(
    'takes the base64 of the platform where it has one',
    async (fromBase64) => {
      vi.stubGlobal(
        'Uint8Array',
        class extends Uint8Array {
          static fromBase64 = fromBase64
        },
      )
      expect([...(await inflateBase64(text))]).toEqual([...bytes])
    },
  )

  test('works with the Blob of jsdom, which cannot stream', async () => {
    vi.stubGlobal('Blob', class {})
    expect(await inflateBase64(text)).toEqual(bytes)
  })
})
