/**
 * Just enough of image files to know their size before decoding and to hide their EXIF orientation from a decoder that
 * always applies it. Reads hostile bytes: nothing here throws, loops without advancing, or allocates beyond the input.
 */

export interface Header {
  readonly format: 'jpeg' | 'png' | 'gif' | 'webp' | 'bmp'
  /** Stored size, before any orientation is applied. */
  readonly width: number
  readonly height: number
}

interface Section {
  readonly kind: string
  /** Where the section with its own header begins, where its content begins, and where both end. */
  readonly start: number
  readonly content: number
  readonly end: number
}

/** The format and the size a file claims, or undefined where it is none of the known formats or is cut short. */
export function readHeader(bytes: Uint8Array): Header | undefined {
  const view = viewOf(bytes)
  if (startsWith(bytes, 'GIF8') && bytes.length >= 10) {
    return { format: 'gif', width: view.getUint16(6, true), height: view.getUint16(8, true) }
  }
  if (startsWith(bytes, 'BM') && bytes.length >= 26) {
    return {
      format: 'bmp',
      width: Math.abs(view.getInt32(18, true)),
      height: Math.abs(view.getInt32(22, true)),
    }
  }
  for (const { kind, content, end } of sections(bytes)) {
    const length = end - content
    if (/^SOF/.test(kind) && length >= 5) {
      return { format: 'jpeg', width: view.getUint16(content + 3), height: view.getUint16(content + 1) }
    }
    if (kind === 'IHDR' && length >= 8) {
      return { format: 'png', width: view.getUint32(content), height: view.getUint32(content + 4) }
    }
    if (kind === 'VP8X' && length >= 10) {
      return { format: 'webp', width: 1 + uint24(view, content + 4), height: 1 + uint24(view, content + 7) }
    }
    if (kind === 'VP8 ' && length >= 10) {
      return {
        format: 'webp',
        width: view.getUint16(content + 6, true) & 0x3fff,
        height: view.getUint16(content + 8, true) & 0x3fff,
      }
    }
    if (kind === 'VP8L' && length >= 5) {
      const bits = view.getUint32(content + 1, true)
      return { format: 'webp', width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) }
    }
  }
  return undefined
}

/**
 * The same file with its EXIF orientation (JPEG, WebP) set to 1, or its EXIF chunk (PNG) left out. A copy where something
 * had to change, otherwise the input itself.
 */
export function withoutOrientation(bytes: Uint8Array): Uint8Array {
  for (const { kind, start, content, end } of sections(bytes)) {
    if (kind === 'eXIf') {
      const rest = new Uint8Array(bytes.length - (end - start))
      rest.set(bytes.subarray(0, start))
      rest.set(bytes.subarray(end), start)
      return rest
    }
    if (kind === 'EXIF' || kind === 'APP1') {
      const tiff = startsWith(bytes.subarray(content, end), 'Exif\0\0') ? content + 6 : content
      const place = orientationPlace(bytes.subarray(tiff, end))
      if (place !== undefined) {
        const copy = bytes.slice()
        copy[tiff + place.at] = place.littleEndian ? 1 : 0
        copy[tiff + place.at + 1] = place.littleEndian ? 0 : 1
        return copy
      }
    }
  }
  return bytes
}

/** Where the 16-bit value of tag 0x0112 lies in the first directory of a TIFF structure. */
function orientationPlace(tiff: Uint8Array): { at: number; littleEndian: boolean } | undefined {
  const littleEndian = startsWith(tiff, 'II')
  if (tiff.length < 8 || !(littleEndian || startsWith(tiff, 'MM'))) return undefined
  const view = viewOf(tiff)
  const directory = view.getUint32(4, littleEndian)
  if (directory + 2 > tiff.length) return undefined
  const count = view.getUint16(directory, littleEndian)
  for (let i = 0; i < count; i++) {
    const entry = directory + 2 + 12 * i
    if (entry + 12 > tiff.length) return undefined
    if (view.getUint16(entry, littleEndian) === 0x0112) return { at: entry + 8, littleEndian }
  }
  return undefined
}

/** JPEG segments up to the first scan, or the chunks of a PNG or WebP file, each within the file. */
function* sections(bytes: Uint8Array): Generator<Section> {
  const view = viewOf(bytes)
  if (bytes[0] === 0xff && bytes[1] === 0xd8) {
    for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff; ) {
      const marker = bytes[at + 1]!
      if (marker === 0xff) {
        at++
        continue
      }
      const end = at + 2 + view.getUint16(at + 2)
      if (marker === 0xda || end < at + 4 || end > bytes.length) return
      const frame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
      const kind = frame ? 'SOF' : marker === 0xe1 ? 'APP1' : 'other'
      yield { kind, start: at, content: at + 4, end }
      at = end
    }
  } else if (startsWith(bytes, '\x89PNG\r\n\x1a\n')) {
    for (let at = 8; at + 12 <= bytes.length; ) {
      const end = at + 12 + view.getUint32(at)
      if (end > bytes.length) return
      yield { kind: ascii(bytes, at + 4, 4), start: at, content: at + 8, end }
      at = end
    }
  } else if (startsWith(bytes, 'RIFF') && ascii(bytes, 8, 4) === 'WEBP') {
    for (let at = 12; at + 8 <= bytes.length; ) {
      const length = view.getUint32(at + 4, true)
      const end = Math.min(at + 8 + length, bytes.length)
      yield { kind: ascii(bytes, at, 4), start: at, content: at + 8, end }
      at += 8 + length + (length & 1)
    }
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function uint24(view: DataView, at: number): number {
  return view.getUint16(at, true) | (view.getUint8(at + 2) << 16)
}

function ascii(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length))
}

function startsWith(bytes: Uint8Array, prefix: string): boolean {
  return ascii(bytes, 0, prefix.length) === prefix
}
