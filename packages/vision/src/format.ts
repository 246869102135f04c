/** What a file is, by its first bytes: what no decoder should see is refused before one does. */
import { sniffedBytes } from './limits.ts'
import { type DecodeSettings, undecodable } from './source.ts'

const signatures: readonly (readonly [format: string, offset: number, bytes: string])[] = [
  ['jpeg', 0, '\xff\xd8\xff'],
  ['png', 0, '\x89PNG\r\n\x1a\n'],
  ['gif', 0, 'GIF8'],
  ['webp', 8, 'WEBP'],
  ['bmp', 0, 'BM'],
  ['ico', 0, '\0\0\x01\0'],
  ['tiff', 0, 'II*\0'],
  ['tiff', 0, 'MM\0*'],
  ['tiff', 0, 'II+\0'],
  ['tiff', 0, 'MM\0+'],
  ['heif', 4, 'ftyp'],
  ['jpeg-xl', 0, '\xff\x0a'],
  ['jpeg-xl', 4, 'JXL \r\n\x87\n'],
  ['jpeg-2000', 4, 'jP  \r\n\x87\n'],
  ['jpeg-2000', 0, '\xff\x4f\xff\x51'],
]

/** The format that the first {@link sniffedBytes} of a file show. */
export function sniffFormat(bytes: Uint8Array): string | undefined {
  const start = String.fromCharCode(...bytes.subarray(0, sniffedBytes))
  for (const [format, offset, signature] of signatures) {
    if (start.startsWith(signature, offset)) return format
  }
  return start.includes('<svg') ? 'svg' : undefined
}

/** @throws MobileOneError `unsupported` for an SVG that was not asked for, `invalid-file` for what is no image. */
export function checkFormat(bytes: Uint8Array, settings: DecodeSettings): void {
  if (bytes.length === 0) throw undecodable(settings, 'it is empty')
  const format = sniffFormat(bytes)
  if (format === undefined) {
    throw undecodable(settings, 'it is not an image, or cut short, or of a format that is not read here')
  }
  if (format === 'svg' && !settings.svg) {
    throw undecodable(
      settings,
      'it is an SVG, whose drawing may take any time; draw it to pixels yourself, or pass svg: true for those you trust',
    )
  }
}
