import { blobBytes, MobileOneError, throwIfAborted } from '@mobileone/core'
import { loadDecoder, openBytes, openElement, readAddress } from '#decode'
import { readResponse } from './download.ts'
import { checkFormat } from './format.ts'
import { checkPixels, type Image, isPixels, toRgb } from './image.ts'
import { imageLimits } from './limits.ts'
import { type Picture, pictureOf } from './picture.ts'
import {
  checkByteCount,
  type DecodeOptions,
  type DecodeSettings,
  type ImageSource,
  nameOf,
} from './source.ts'

/**
 * Decode anything that holds an image to RGB, 8 bits per channel, as Pillow's `open(...).convert('RGB')`: colour profiles
 * are not applied, grey is repeated, alpha is dropped. Pixels that are RGB already come back as they are, not copied.
 * @throws MobileOneError `invalid-file` for bytes that are no whole image, `invalid-input` for an image over `maxPixels`
 * or `maxBytes` or a source of no known kind, `network` for addresses, `unavailable` where Node lacks sharp, `aborted`.
 */
export async function decode(source: ImageSource, options: DecodeOptions = {}): Promise<Image> {
  return withPicture(source, options, undefined, async (picture) => {
    const { width, height } = picture
    const { image } = await picture.read({ left: 0, top: 0, width, height })
    return toRgb(image)
  })
}

/**
 * See now that encoded images can be decoded here, not at the first of them.
 * @throws MobileOneError `unavailable` where Node lacks sharp.
 */
export async function checkDecoder(lib?: DecodeOptions['lib']): Promise<void> {
  await loadDecoder(lib)
}

/**
 * What `use` makes of the picture at `source`, which is closed afterwards. `label` comes before its own name in messages: its
 * place in a list.
 */
export async function withPicture<T>(
  source: ImageSource,
  options: DecodeOptions,
  label: string | undefined,
  use: (picture: Picture, name: string) => T | Promise<T>,
): Promise<T> {
  const name = label === undefined ? nameOf(source) : `${label} (${nameOf(source)})`
  const settings = settingsOf(options, name)
  throwIfAborted(options.signal, `decoding ${name}`)
  const picture = await open(source, settings)
  const used = async (): Promise<T> => {
    try {
      throwIfAborted(options.signal, `decoding ${name}`)
      return await use(picture, name)
    } finally {
      picture.close()
    }
  }
  const result = await orAborted(used(), settings)
  throwIfAborted(options.signal, `decoding ${name}`)
  return result
}

async function open(source: ImageSource, settings: DecodeSettings): Promise<Picture> {
  if (isPixels(source)) return pictureOf(checkPixels(source, settings.name))
  const isAddress = typeof source === 'string' || source instanceof URL
  const bytes = isAddress ? await readAddress(source, settings) : await bytesInMemory(source, settings)
  if (bytes !== undefined) {
    throwIfAborted(settings.signal, `decoding ${settings.name}`)
    checkFormat(bytes, settings)
    return closedIfAborted(openBytes(bytes, settings), settings)
  }
  const picture = await closedIfAborted(openElement(source, settings), settings)
  if (picture !== undefined) return picture
  throw new MobileOneError(
    'invalid-input',
    `${settings.name} is no image source; pass an address, a file, encoded bytes, an image element, or { width, height, data }`,
  )
}

/** {@link orAborted} for a picture: one that is there only after an abort is closed. */
async function closedIfAborted<T extends Picture | undefined>(
  opening: Promise<T>,
  settings: DecodeSettings,
): Promise<T> {
  try {
    return await orAborted(opening, settings)
  } catch (error) {
    opening.then(
      (picture) => picture?.close(),
      () => {},
    )
    throw error
  }
}

/** `work`, or the error of an abort as soon as there is one: a decoder at work hears of none. */
async function orAborted<T>(work: Promise<T>, { name, signal }: DecodeSettings): Promise<T> {
  let onAbort = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal?.reason)
    signal?.addEventListener('abort', onAbort)
  })
  try {
    return await Promise.race([work, aborted])
  } catch (error) {
    throwIfAborted(signal, `decoding ${name}`)
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

/** The encoded bytes of a source that has them in memory, undefined for every other kind. */
async function bytesInMemory(source: unknown, settings: DecodeSettings): Promise<Uint8Array | undefined> {
  if (source instanceof ArrayBuffer) return new Uint8Array(source)
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
  if (typeof Blob !== 'undefined' && source instanceof Blob) {
    checkByteCount(source.size, settings)
    try {
      return new Uint8Array(await blobBytes(source))
    } catch (cause) {
      throw new MobileOneError(
        'invalid-file',
        `${settings.name} cannot be read; was it changed or removed?`,
        { cause },
      )
    }
  }
  if (typeof Response !== 'undefined' && source instanceof Response) return readResponse(source, settings)
  return undefined
}

/** @throws MobileOneError `invalid-argument` naming the option that is none of its values. */
export function settingsOf(options: DecodeOptions, name: string): DecodeSettings {
  const { orientation = 'apply', svg = false, lib, signal } = options
  const { maxPixels, maxBytes, stallTimeoutMs } = { ...imageLimits, ...options }
  if (orientation !== 'apply' && orientation !== 'ignore') {
    throw new MobileOneError(
      'invalid-argument',
      `orientation must be 'apply' or 'ignore', not ${JSON.stringify(orientation)}`,
    )
  }
  for (const [option, value] of Object.entries({ maxPixels, maxBytes, stallTimeoutMs })) {
    if (!(value >= 1)) {
      throw new MobileOneError('invalid-argument', `${option} must be at least 1, not ${value}`)
    }
  }
  return { name, orientation, maxPixels, maxBytes, stallTimeoutMs, svg, lib, signal }
}
