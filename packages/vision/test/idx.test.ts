import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readIdx } from '../src/index.ts'

const header = (shape: number[], type = 8): number[] => [
  0,
  0,
  type,
  shape.length,
  ...shape.flatMap((size) => [size >>> 24, (size >> 16) & 255, (size >> 8) & 255, size & 255]),
]
const file = (shape: number[], count = shape.reduce((a, b) => a * b, 1)): Uint8Array =>
  Uint8Array.from([...header(shape), ...Array.from({ length: count }, (_, i) => i % 256)])

describe('readIdx', () => {
  it.each([
    ['plain', (bytes: Uint8Array) => bytes],
    ['gzip', (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes))],
  ])('reads %s files', async (_, pack) => {
    const { shape, data } = await readIdx(pack(file([7, 28, 29])))
    expect(shape).toEqual([7, 28, 29])
    expect(data).toEqual(file([7, 28, 29]).subarray(16))
  })

  it('reads gzip data that comes in many chunks', async () => {
    const big = file([400, 28, 28])
    const { data } = await readIdx(new Uint8Array(gzipSync(big)))
    expect(Buffer.compare(data, big.subarray(16))).toBe(0)
  })

  it.each([
    ['nothing', new Uint8Array(), /too short/],
    ['a picture', Uint8Array.from([0x89, 0x50, 0x4e, 0x47]), /is no IDX file/],
    ['floats', Uint8Array.from(header([3], 0x0d)), /type 0xd/],
    ['a file cut short', file([10, 10], 99), /cut short: its header tells 112 bytes, it has 111/],
    ['a file with more', file([10, 10], 101), /more than the 112 bytes/],
    ['sizes without end', Uint8Array.from(header([0xffffffff, 0xffffffff])), /more than 2147483648/],
    [
      'gzip cut short',
      new Uint8Array(gzipSync(file([10, 10]))).subarray(0, 20),
      /gzip data is damaged or cut short/,
    ],
    ['a gzip bomb', new Uint8Array(gzipSync(file([2], 5_000_000))), /more than the 10 bytes/],
  ])('refuses %s', async (_, bytes, message) => {
    await expect(readIdx(bytes, 'x')).rejects.toThrow(message)
    await expect(readIdx(bytes, 'x')).rejects.toMatchObject({ code: 'invalid-file' })
  })
})

it('a small gzip file that unpacks to 300 MB is refused before it does', async () => {
  const header = Uint8Array.of(0, 0, 8, 1, ...[24, 16, 8, 0].map((shift) => (300e6 >>> shift) & 255))
  const parts = [gzipSync(header), ...Array.from({ length: 30 }, () => gzipSync(new Uint8Array(1e6)))]
  const packed = new Uint8Array(Buffer.concat(parts))
  const before = process.memoryUsage().arrayBuffers
  await expect(readIdx(packed)).rejects.toThrowError(/tells of 300000008 bytes in \d+ compressed ones/)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50e6)
})
