/** Node's side of `#decode`: files by `node:fs`, encoded images by sharp, an optional peer loaded on first use. */
import { MobileOneError, throwIfAborted, type Window } from '@mobileone/core'
import { download } from './download.ts'
import type { Image } from './image.ts'
import type { Picture } from './picture.ts'
import {
  checkByteCount,
  checkPixelCount,
  type DecodeSettings,
  type Sharp,
  type SharpImage,
  undecodable,
} from './source.ts'

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

/** Decoded by sharp. ICC profiles are ignored, so the pixels are libjpeg's and libpng's own. */
export async function openBytes(bytes: Uint8Array, settings: DecodeSettings): Promise<Picture> {
  const sharp = await loadDecoder(settings.lib)
  const begin = (): SharpImage => {
    const image = sharp(bytes, { ignoreIcc: true, failOn: 'error', limitInputPixels: false })
    return settings.orientation === 'apply' ? image.autoOrient() : image
  }
  const decoding = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (cause) {
      throw undecodable(settings, reasonOf(messageOf(cause)), cause)
    }
  }
  const { width = 0, height = 0, space, orientation = 1, hasAlpha } = await decoding(() => begin().metadata())
  checkPixelCount(width, height, settings)
  const cmyk = space === 'cmyk'
  const isTurned = settings.orientation === 'apply' && orientation > 4
  return {
    width: isTurned ? height : width,
    height: isTurned ? width : height,
    read: () =>
      decoding(async () => {
        const image = begin()
        if (cmyk) image.pipelineColourspace('cmyk').toColourspace('cmyk')
        const decoded = await pixelsOf(cmyk ? image : image.removeAlpha().toColourspace('srgb'))
        const { data, channels } = decoded
        const rgb = cmyk ? cmykToRgb(data, channels) : data
        return { image: { ...decoded, channels: 3, data: rgb }, left: 0, top: 0 }
      }),
    // Under alpha sharp's resize blends, which nothing else here does.
    ...(!cmyk &&
      !hasAlpha && {
        shrink: (region, ...size) => {
          const isPart = region.width * region.height < width * height
          return decoding(() => shrunk(isPart ? begin().extract(region) : begin(), ...size))
        },
      }),
    close() {},
  }
}

/** A JPEG is decoded at a half, a quarter or an eighth of its size where that is enough. */
async function shrunk(image: SharpImage, width: number, height: number, window: Window): Promise<Image> {
  image.resize(width, height, { fit: 'fill', kernel: 'linear' }).extract(window)
  return { ...(await pixelsOf(image.toColourspace('srgb'))), channels: 3 }
}

async function pixelsOf(image: SharpImage): Promise<{
  readonly width: number
  readonly height: number
  readonly channels: number
  readonly data: Uint8Array
}> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  return { width, height, channels, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) }
}

/** Node has no image elements. */
export async function openElement(_source: unknown, _settings: DecodeSettings): Promise<undefined> {
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
