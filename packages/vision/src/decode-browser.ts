/**
 * The browser's side of `#decode`, for windows and workers. Asks for the pixels as stored: no colour conversion, alpha not
 * premultiplied. Every global is looked up before use, since each is missing somewhere.
 */
import { MobileOneError } from '@mobileone/core'
import { readHeader, withoutOrientation } from './container.ts'
import { download } from './download.ts'
import { sniffFormat } from './format.ts'
import type { Image } from './image.ts'
import { checkPixelCount, type DecodeSettings, undecodable } from './source.ts'

const asStored: ImageBitmapOptions = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' }

/** The bytes of an address; a relative one is relative to the page or the worker's script. */
export async function readAddress(address: string | URL, settings: DecodeSettings): Promise<Uint8Array> {
  return download(address, settings)
}

export async function decodeBytes(bytes: Uint8Array, settings: DecodeSettings): Promise<Image> {
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
  return readBitmap(bitmap, settings)
}

/** Browsers bring their own. */
export async function loadDecoder(_lib: unknown): Promise<void> {}

/** Only a document can draw it. */
async function decodeSvg(bytes: Uint8Array, settings: DecodeSettings): Promise<Image> {
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
    return await decodeImageElement(image, { ...settings, orientation: 'apply' })
  } finally {
    URL.revokeObjectURL(url)
  }
}

/** Pixels of an element, a canvas, a bitmap or a video frame; undefined for anything else. */
export async function decodeElement(source: unknown, settings: DecodeSettings): Promise<Image | undefined> {
  if (is('ImageBitmap', source)) return readPixels(source, source.width, source.height, settings)
  if (is('OffscreenCanvas', source) || is('HTMLCanvasElement', source)) {
    return readPixels(source, source.width, source.height, settings)
  }
  if (is('VideoFrame', source)) return readPixels(source, source.displayWidth, source.displayHeight, settings)
  if (is('HTMLVideoElement', source)) {
    if (source.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) {
      throw new MobileOneError(
        'invalid-input',
        `${settings.name}: the video has no frame yet; wait for its loadeddata event`,
      )
    }
    return readPixels(source, source.videoWidth, source.videoHeight, settings)
  }
  if (is('HTMLImageElement', source)) return decodeImageElement(source, settings)
  if (is('SVGImageElement', source)) {
    await loaded(source as { decode?(): Promise<void> }, settings)
    return readBitmap(await toBitmap(source, settings, unreadable(settings)), settings)
  }
  return undefined
}

async function decodeImageElement(source: HTMLImageElement, settings: DecodeSettings): Promise<Image> {
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
  return readBitmap(await toBitmap(source, settings, unreadable(settings)), settings)
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

function readBitmap(bitmap: ImageBitmap, settings: DecodeSettings): Image {
  try {
    return readPixels(bitmap, bitmap.width, bitmap.height, settings)
  } finally {
    bitmap.close()
  }
}

function readPixels(
  source: CanvasImageSource,
  width: number,
  height: number,
  settings: DecodeSettings,
): Image {
  if (width === 0 || height === 0) {
    throw new MobileOneError(
      'invalid-input',
      `${settings.name} has no pixels (${width}x${height}); was it closed?`,
    )
  }
  checkPixelCount(width, height, settings)
  let rgba: Uint8ClampedArray
  try {
    const context = createCanvas(width, height, settings).getContext('2d', { willReadFrequently: true }) as
      | CanvasRenderingContext2D
      | OffscreenCanvasRenderingContext2D
      | null
    if (!context)
      throw new MobileOneError(
        'unavailable',
        `${settings.name}: this browser gives no 2D canvas of ${width}x${height}`,
      )
    context.drawImage(source, 0, 0, width, height)
    rgba = context.getImageData(0, 0, width, height, { colorSpace: 'srgb' }).data
  } catch (cause) {
    throw cause instanceof MobileOneError ? cause : unreadable(settings)(cause)
  }
  const translucent = is('ImageBitmap', source) && hasAlpha(rgba)
  const exact = translucent ? readThroughWebGl(source, width, height) : undefined
  return { width, height, channels: 3, data: dropAlpha(exact ?? rgba) }
}

function createCanvas(
  width: number,
  height: number,
  settings: DecodeSettings,
): OffscreenCanvas | HTMLCanvasElement {
  if (typeof OffscreenCanvas !== 'undefined') return new OffscreenCanvas(width, height)
  if (typeof document !== 'undefined')
    return Object.assign(document.createElement('canvas'), { width, height })
  throw new MobileOneError(
    'unavailable',
    `${settings.name} cannot be read here: neither OffscreenCanvas nor a document exists; pass decoded pixels as { width, height, data }`,
  )
}

/**
 * A 2D canvas stores premultiplied colours, which loses those under a low alpha; a texture keeps them. Undefined where
 * WebGL cannot help: the canvas's answer, exact for opaque pixels, then stands.
 */
function readThroughWebGl(source: ImageBitmap, width: number, height: number): Uint8Array | undefined {
  if (typeof OffscreenCanvas === 'undefined') return undefined
  const gl = new OffscreenCanvas(1, 1).getContext('webgl2')
  if (!gl) return undefined
  try {
    if (Math.max(width, height) > gl.getParameter(gl.MAX_TEXTURE_SIZE)) return undefined
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false)
    gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE)
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture())
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, source)
    gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer())
    const texture = gl.getParameter(gl.TEXTURE_BINDING_2D)
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0)
    const rgba = new Uint8Array(width * height * 4)
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, rgba)
    return gl.getError() === gl.NO_ERROR ? rgba : undefined
  } finally {
    gl.getExtension('WEBGL_lose_context')?.loseContext()
  }
}

function hasAlpha(rgba: Uint8ClampedArray): boolean {
  for (let i = 3; i < rgba.length; i += 4) if (rgba[i] !== 255) return true
  return false
}

function dropAlpha(rgba: Uint8Array | Uint8ClampedArray): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3)
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from]!
    rgb[to + 1] = rgba[from + 1]!
    rgb[to + 2] = rgba[from + 2]!
  }
  return rgb
}

function unreadable(settings: DecodeSettings): (cause: unknown) => MobileOneError {
  return (cause) =>
    (cause as { name?: unknown } | null)?.name === 'SecurityError'
      ? new MobileOneError(
          'invalid-input',
          `${settings.name} comes from another origin, so its pixels may not be read; set crossorigin="anonymous" on the element and send CORS headers`,
          { cause },
        )
      : undecodable(settings, 'the browser cannot draw it', cause)
}

interface Sources {
  ImageBitmap: ImageBitmap
  OffscreenCanvas: OffscreenCanvas
  HTMLCanvasElement: HTMLCanvasElement
  VideoFrame: VideoFrame
  HTMLVideoElement: HTMLVideoElement
  HTMLImageElement: HTMLImageElement
  SVGImageElement: SVGImageElement
}

/** `instanceof`, also for the elements of another frame, and false where this global does not exist. */
function is<Name extends keyof Sources>(name: Name, value: unknown): value is Sources[Name] {
  const type = (globalThis as Record<string, unknown>)[name]
  if (typeof type === 'function' && value instanceof type) return true
  return Object.prototype.toString.call(value) === `[object ${name}]`
}
