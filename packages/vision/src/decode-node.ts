/** Node's side of `#decode`: files by `node:fs`, encoded images by sharp, an optional peer loaded on first use. */
import { MobileOneError, throwIfAborted } from '@mobileone/core'
import { download } from './download.ts'
import type { Image } from './image.ts'
import { checkByteCount, checkPixelCount, type DecodeSettings, type Sharp, undecodable } from './source.ts'

/** The bytes of a file path, a `file:` URL, or any address `fetch` knows. */
export async function readAddress(address: string | URL, settings: DecodeSettings): Promise<Uint8Array> {
  const text = typeof address === 'string' ? address : address.href
  if (/^(https?|data|blob):/i.test(text)) return download(address, settings)
  const { readFile, stat } = await import('node:fs/promises')
  try {
    const path = /^file:/i.test(text) ? new URL(text) : text
    const found = await stat(path)
    if (!found.isFile()) throw undecodable(settings, 'it is not a file')
    checkByteCount(found.size, settings)
    return await readFile(path, settings.signal ? { signal: settings.signal } : {})
  } catch (cause) {
    throwIfAborted(settings.signal, `reading ${settings.name}`)
    if (cause instanceof MobileOneError) throw cause
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw new MobileOneError(
      'invalid-file',
      missing
        ? `${settings.name} does not exist (looked from ${process.cwd()})`
        : `${settings.name} cannot be read: ${messageOf(cause)}`,
      { cause },
    )
  }
}

/** Decode with sharp. ICC profiles are ignored, so the pixels are libjpeg's and libpng's own. */
export async function decodeBytes(bytes: Uint8Array, settings: DecodeSettings): Promise<Image> {
  const sharp = await loadDecoder(settings.lib)
  try {
    const image = sharp(bytes, { ignoreIcc: true, failOn: 'error', limitInputPixels: false })
    const { width = 0, height = 0, space } = await image.metadata()
    checkPixelCount(width, height, settings)
    if (settings.orientation === 'apply') image.autoOrient()
    const cmyk = space === 'cmyk'
    if (cmyk) image.pipelineColourspace('cmyk').toColourspace('cmyk')
    else image.removeAlpha().toColourspace('srgb')
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true })
    const samples = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    const pixels = cmyk ? cmykToRgb(samples, info.channels) : samples
    return { width: info.width, height: info.height, channels: 3, data: pixels }
  } catch (cause) {
    if (cause instanceof MobileOneError) throw cause
    throw undecodable(settings, reasonOf(messageOf(cause)), cause)
  }
}

/** Node has no image elements. */
export async function decodeElement(_source: unknown, _settings: DecodeSettings): Promise<undefined> {
  return undefined
}

/** @throws MobileOneError `unavailable` where there is none. */
export async function loadDecoder(lib: DecodeSettings['lib']): Promise<Sharp> {
  if (typeof lib === 'function') return lib
  try {
    const module = await (lib ?? (import('sharp') as PromiseLike<unknown> as PromiseLike<{ default: Sharp }>))
    return typeof module === 'function' ? module : module.default
  } catch (cause) {
    throw new MobileOneError(
      'unavailable',
      'decoding image files in Node needs sharp, which cannot be loaded: run `npm i sharp`, or pass decoded pixels as { width, height, data }, with decoder: false where a classifier is made',
      { cause },
    )
  }
}

/** Pillow's `cmyk2rgb` (Convert.c): (255 - k) - round(channel * (255 - k) / 255). */
function cmykToRgb(cmyk: Uint8Array, channels: number): Uint8Array {
  const count = cmyk.length / channels
  const rgb = new Uint8ClampedArray(count * 3)
  for (let pixel = 0; pixel < count; pixel++) {
    const from = pixel * channels
    const light = 255 - cmyk[from + 3]!
    for (let channel = 0; channel < 3; channel++) {
      const product = cmyk[from + channel]! * light + 128
      rgb[pixel * 3 + channel] = light - (((product >> 8) + product) >> 8)
    }
  }
  return new Uint8Array(rgb.buffer)
}

function reasonOf(message: string): string {
  if (/unsupported image format/i.test(message))
    return 'it is not an image, or of a format sharp does not read'
  if (/premature end|truncated|read error|unexpected end/i.test(message))
    return `it is cut short or damaged (${message})`
  return message
}

function messageOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).replace(/\s+/g, ' ').trim()
}
