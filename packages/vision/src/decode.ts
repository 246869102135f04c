import { MobileOneError, throwIfAborted } from '@mobileone/core'
import { decodeBytes, decodeElement, readAddress } from '#decode'
import { checkPixels, type Image, isPixels, toRgb } from './image.ts'
import { bytesInMemory, type DecodeOptions, type DecodeSettings, type ImageSource, nameOf } from './source.ts'

const defaultMaxPixels = 100_000_000

/**
 * Decode anything that holds an image to RGB, 8 bits per channel, as Pillow's `open(...).convert('RGB')`: colour profiles
 * are not applied, grey is repeated, alpha is dropped. Pixels that are RGB already come back as they are, not copied.
 * @throws MobileOneError `invalid-file` for bytes that are no whole image, `invalid-input` for an image over `maxPixels`
 * or a source of no known kind, `network` for addresses, `unavailable` where Node lacks sharp, `aborted`.
 */
export async function decode(source: ImageSource, options: DecodeOptions = {}): Promise<Image> {
  return decodeNamed(source, options)
}

/** {@link decode}, with `label` before the image's own name in messages: its place in a list. */
export async function decodeNamed(
  source: ImageSource,
  options: DecodeOptions,
  label?: string,
): Promise<Image> {
  const name = label === undefined ? nameOf(source) : `${label} (${nameOf(source)})`
  const settings = settingsOf(options, name)
  throwIfAborted(options.signal, `decoding ${name}`)
  const image = await decodeAny(source, settings)
  throwIfAborted(options.signal, `decoding ${name}`)
  return image
}

async function decodeAny(source: ImageSource, settings: DecodeSettings): Promise<Image> {
  if (isPixels(source)) return toRgb(checkPixels(source, settings.name))
  const isAddress = typeof source === 'string' || source instanceof URL
  const bytes = isAddress ? await readAddress(source, settings) : await bytesInMemory(source, settings)
  if (bytes !== undefined) {
    throwIfAborted(settings.signal, `decoding ${settings.name}`)
    return decodeBytes(bytes, settings)
  }
  const image = await decodeElement(source, settings)
  if (image !== undefined) return image
  throw new MobileOneError(
    'invalid-input',
    `${settings.name} is no image source; pass an address, a file, encoded bytes, an image element, or { width, height, data }`,
  )
}

function settingsOf(options: DecodeOptions, name: string): DecodeSettings {
  const { orientation = 'apply', maxPixels = defaultMaxPixels, lib, signal } = options
  if (orientation !== 'apply' && orientation !== 'ignore') {
    throw new MobileOneError(
      'invalid-argument',
      `orientation must be 'apply' or 'ignore', not ${JSON.stringify(orientation)}`,
    )
  }
  if (!(maxPixels >= 1)) {
    throw new MobileOneError('invalid-argument', `maxPixels must be at least 1, not ${maxPixels}`)
  }
  return { name, orientation, maxPixels, lib, signal }
}
