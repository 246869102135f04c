/**
 * The browser's side of `#decode`, for windows and workers. Asks for the pixels as stored: no colour conversion, alpha not
 * premultiplied. Every global is looked up before use, since each is missing somewhere.
 */
import { MobileOneError } from '@mobileone/core'
import { readHeader, withoutOrientation } from './container.ts'
import { download } from './download.ts'
import { drawable, unreadable } from './drawable.ts'
import { sniffFormat } from './format.ts'
import { is } from './instance.ts'
import type { Picture } from './picture.ts'
import { checkPixelCount, type DecodeSettings, undecodable } from './source.ts'

const asStored: ImageBitmapOptions = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' }

/** The bytes of an address; a relative one is relative to the page or the worker's script. */
export async function readAddress(address: string | URL, settings: DecodeSettings): Promise<Uint8Array> {
  return download(address, settings)
}

export async function openBytes(bytes: Uint8Array, settings: DecodeSettings): Promise<Picture> {
  if (sniffFormat(bytes) === 'svg') return decodeSvg(bytes, settings)
  const header = readHeader(bytes)
  if (header) checkPixelCount(header.width, header.height, settings)
  const encoded = settings.orientation === 'ignore' ? withoutOrientation(bytes) : bytes
  const bitmap = await toBitmap(new Blob([encoded as Uint8Array<ArrayBuffer>]), settings, (cause) =>
    undecodable(
      settings,
      header
        ? `this ${header.format.toUpperCase()} file is cut short or damaged`
        : 'it is damaged, or of a format this browser does not read',
      cause,
    ),
  )
  return pictureOfBitmap(bitmap, settings)
}

/** Browsers bring their own. */
export async function loadDecoder(_lib: unknown): Promise<void> {}

/** Only a document can draw it. */
async function decodeSvg(bytes: Uint8Array, settings: DecodeSettings): Promise<Picture> {
  if (typeof document === 'undefined') {
    throw new MobileOneError(
      'unsupported',
      `${settings.name} is an SVG, which a worker cannot draw; decode it in the page and pass the pixels`,
    )
  }
  const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'image/svg+xml' }))
  const image = document.createElement('img')
  image.src = url
  try {
    return await openImageElement(image, { ...settings, orientation: 'apply' })
  } finally {
    URL.revokeObjectURL(url)
  }
}

/** An element, a canvas, a bitmap or a video frame; undefined for anything else. */
export async function openElement(source: unknown, settings: DecodeSettings): Promise<Picture | undefined> {
  if (is('ImageBitmap', source)) return drawable(source, source.width, source.height, settings)
  if (is('OffscreenCanvas', source) || is('HTMLCanvasElement', source)) {
    return drawable(source, source.width, source.height, settings)
  }
  if (is('VideoFrame', source)) return drawable(source, source.displayWidth, source.displayHeight, settings)
  if (is('HTMLVideoElement', source)) {
    if (source.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) {
      throw new MobileOneError(
        'invalid-input',
        `${settings.name}: the video has no frame yet; wait for its loadeddata event`,
      )
    }
    return drawable(source, source.videoWidth, source.videoHeight, settings)
  }
  if (is('HTMLImageElement', source)) return openImageElement(source, settings)
  if (is('SVGImageElement', source)) {
    await loaded(source as { decode?(): Promise<void> }, settings)
    return pictureOfBitmap(await toBitmap(source, settings, unreadable(settings)), settings)
  }
  return undefined
}

async function openImageElement(source: HTMLImageElement, settings: DecodeSettings): Promise<Picture> {
  if (settings.orientation === 'ignore') {
    throw new MobileOneError(
      'unsupported',
      `${settings.name}: browsers turn an <img> upright before its pixels can be read; to ignore the orientation pass its address or file`,
    )
  }
  await loaded(source, settings)
  const { naturalWidth, naturalHeight } = source
  if (naturalWidth === 0 || naturalHeight === 0) {
    throw undecodable(settings, 'the image has no size of its own; give the SVG a width and a height')
  }
  checkPixelCount(naturalWidth, naturalHeight, settings)
  return pictureOfBitmap(await toBitmap(source, settings, unreadable(settings)), settings)
}

/** Some browsers have no `decode` on SVG elements; a source that has not loaded then fails when it is drawn. */
async function loaded(source: { decode?(): Promise<void> }, settings: DecodeSettings): Promise<void> {
  try {
    await source.decode?.()
  } catch (cause) {
    throw undecodable(settings, 'the element has loaded no image; check its address', cause)
  }
}

async function toBitmap(
  source: ImageBitmapSource,
  settings: DecodeSettings,
  onError: (cause: unknown) => MobileOneError,
): Promise<ImageBitmap> {
  if (typeof createImageBitmap === 'undefined') {
    throw new MobileOneError(
      'unavailable',
      `${settings.name} cannot be decoded here: createImageBitmap is missing; pass decoded pixels as { width, height, data }`,
    )
  }
  try {
    return await createImageBitmap(source, asStored)
  } catch (cause) {
    throw onError(cause)
  }
}

function pictureOfBitmap(bitmap: ImageBitmap, settings: DecodeSettings): Picture {
  try {
    return { ...drawable(bitmap, bitmap.width, bitmap.height, settings), close: () => bitmap.close() }
  } catch (error) {
    bitmap.close()
    throw error
  }
}
