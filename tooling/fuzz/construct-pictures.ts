import { gzipSync } from 'node:zlib'
import type { Random } from '../../packages/core/src/index.ts'
import { hostileNumber, pick } from './parser.ts'

/** A file of sections with headers that mostly fit: JPEG segments, PNG chunks, RIFF chunks, a GIF, BMP, TIFF or SVG head. */
export function constructPicture(source: Random): Uint8Array {
  const parts: Uint8Array[] = []
  const text = (value: string): void => void parts.push(Uint8Array.from(Buffer.from(value, 'latin1')))
  const big = (value: number, width: number): void => {
    parts.push(Uint8Array.from({ length: width }, (_, i) => Math.floor(value / 256 ** (width - 1 - i)) & 255))
  }
  const little = (value: number, width: number): void => {
    parts.push(Uint8Array.from({ length: width }, (_, i) => Math.floor(value / 256 ** i) & 255))
  }
  const content = (): Uint8Array => {
    const exif = Buffer.from('Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0', 'latin1')
    const bytes = source.next() < 0.3 ? Uint8Array.from(exif) : new Uint8Array(source.integer(0, 40))
    for (let i = 0; i < bytes.length; i++) if (source.next() < 0.1) bytes[i] = source.integer(0, 255)
    return bytes
  }
  const length = (real: number): number => (source.next() < 0.9 ? real : hostileNumber(source))
  const count = source.next() < 0.99 ? source.integer(0, 12) : 3000
  switch (source.integer(0, 4)) {
    case 0:
      text('\xff\xd8')
      for (let i = 0; i < count; i++) {
        const data = content()
        big(0xff00 + pick(source, [0xe0, 0xe1, 0xc0, 0xc2, 0xdb, 0xda, 0xff, 0xd9, 0xfe]), 2)
        big(length(data.length + 2), 2)
        parts.push(data)
      }
      break
    case 1:
      text('\x89PNG\r\n\x1a\n')
      for (let i = 0; i < count; i++) {
        const data = content()
        big(length(data.length), 4)
        text(pick(source, ['IHDR', 'eXIf', 'IDAT', 'IEND', 'tEXt', 'iCCP', 'acTL']))
        parts.push(data)
        big(0, 4)
      }
      break
    case 2:
      text('RIFF')
      little(hostileNumber(source), 4)
      text('WEBP')
      for (let i = 0; i < count; i++) {
        const data = content()
        text(pick(source, ['VP8 ', 'VP8L', 'VP8X', 'EXIF', 'ANIM', 'ALPH']))
        little(length(data.length), 4)
        parts.push(data)
        if (data.length % 2 === 1) big(0, 1)
      }
      break
    default:
      text(
        pick(source, [
          'GIF89a',
          'BM',
          'II*\0',
          'MM\0*',
          '<svg xmlns="http://www.w3.org/2000/svg">',
          '<?xml ',
          '\0\0\0\x1cftypavif',
        ]),
      )
      for (let i = 0; i < count; i++) little(hostileNumber(source), 4)
  }
  return Uint8Array.from(Buffer.concat(parts))
}

/** An IDX file, plain or gzip, whose header mostly tells the truth. */
export function constructIdx(source: Random): Uint8Array {
  const rank = source.next() < 0.9 ? source.integer(1, 4) : source.integer(0, 255)
  const sizes = Array.from({ length: rank }, () =>
    source.next() < 0.9 ? source.integer(0, 6) : hostileNumber(source),
  )
  const elements = sizes.reduce((a, b) => a * b, 1)
  const wanted = source.next() < 0.8 ? elements : source.integer(0, 300)
  const header = [0, 0, source.next() < 0.9 ? 8 : source.integer(0, 255), rank]
  for (const size of sizes) header.push(...[24, 16, 8, 0].map((shift) => (size >>> shift) & 255))
  const file = new Uint8Array(header.length + Math.min(wanted, source.next() < 0.999 ? 2000 : 2e8))
  file.set(header)
  if (source.next() < 0.6) return file
  const packed = Uint8Array.from(gzipSync(file, { level: 1 }))
  if (source.next() < 0.7) return packed
  return source.next() < 0.5
    ? packed.slice(0, source.integer(0, packed.length))
    : Uint8Array.from(Buffer.concat([packed, packed]))
}
