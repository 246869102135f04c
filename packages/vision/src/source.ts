import { type Framing, MobileOneError } from '@mobileone/core'
import type { Pixels } from './image.ts'

/**
 * Everything an image can come from. A string is an address (`https:`, `data:`, `blob:`, `file:`, or relative to the
 * page); in Node a string without a scheme is a file path. Bytes and files hold an encoded image, `Pixels` a decoded one.
 */
export type ImageSource =
  | Pixels
  | ImageData
  | string
  | URL
  | Blob
  | Response
  | ArrayBuffer
  | ArrayBufferView
  | HTMLImageElement
  | SVGImageElement
  | HTMLVideoElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | ImageBitmap
  | VideoFrame

/** The part of sharp this package calls, so that no type of sharp is needed to use the package. */
export type Sharp = (
  input: Uint8Array,
  options: {
    readonly ignoreIcc: boolean
    readonly failOn: 'error'
    readonly limitInputPixels: number | false
  },
) => SharpImage

/** What is used of an image of sharp, the Node decoder. */
export interface SharpImage {
  metadata(): Promise<{
    readonly width?: number
    readonly height?: number
    readonly space?: string
    readonly hasAlpha?: boolean
    readonly orientation?: number | undefined
  }>
  autoOrient(): SharpImage
  removeAlpha(): SharpImage
  extract(window: {
    readonly left: number
    readonly top: number
    readonly width: number
    readonly height: number
  }): SharpImage
  resize(
    width: number,
    height: number,
    options: { readonly fit: 'fill'; readonly kernel: 'linear' | 'cubic' },
  ): SharpImage
  pipelineColourspace(space: string): SharpImage
  toColourspace(space: string): SharpImage
  raw(): SharpImage
  toBuffer(options: { readonly resolveWithObject: true }): Promise<{
    readonly data: Uint8Array
    readonly info: { readonly width: number; readonly height: number; readonly channels: number }
  }>
}

/** How a picture is decoded, and which are refused. */
export interface DecodeOptions {
  /**
   * `apply` (the default) turns the picture upright as its EXIF orientation says, as people and browsers expect;
   * `ignore` leaves the stored pixels, as Pillow, and so published accuracy figures, do.
   */
  readonly orientation?: 'apply' | 'ignore'
  /** Refuse images of more pixels than this, before decoding where the size can be read. 100 million by default. */
  readonly maxPixels?: number
  /** Refuse files and bodies of more bytes than this, counted after the transfer's own compression. 64 MiB by default. */
  readonly maxBytes?: number
  /** Give up a server that sends nothing for so many milliseconds. 30 000 by default. */
  readonly stallTimeoutMs?: number
  /**
   * Draw SVG too, which is refused by default: a few bytes of it can take minutes and any memory, and an abort leaves the
   * drawing to end by itself. An element that shows one is drawn without this.
   */
  readonly svg?: boolean
  /** Node only: the sharp module or a promise of it, where `import('sharp')` would not find it. */
  readonly lib?: Sharp | PromiseLike<Sharp | { readonly default: Sharp }>
  readonly signal?: AbortSignal
}

/** How one picture becomes an input beside the rule of the model: plain data but for `lib` and `signal`. */
export interface PreprocessOptions extends DecodeOptions, Framing {
  /**
   * How it is resized. `exact` (the default): bit for bit as Pillow, as accuracy is published. `fast`: by the browser's canvas, sharp, or
   * the GPU where the model runs there; values differ by a few steps of 255, and between platforms. Pixels that come decoded as
   * `{ width, height, data }` are resized exactly either way.
   */
  readonly resample?: 'exact' | 'fast'
}

/** What a platform decodes with, every choice made. */
export interface DecodeSettings {
  /** Names the image in messages. */
  readonly name: string
  readonly orientation: 'apply' | 'ignore'
  readonly maxPixels: number
  readonly maxBytes: number
  readonly stallTimeoutMs: number
  readonly svg: boolean
  readonly lib: DecodeOptions['lib']
  readonly signal: AbortSignal | undefined
}

const longestName = 120

/** What messages call this source: its path, address or file name where it has one. */
export function nameOf(source: unknown): string {
  if (typeof source === 'string') {
    return source.length > longestName ? `${source.slice(0, longestName)}…` : source || 'the empty string'
  }
  if (source instanceof URL) return nameOf(source.href)
  if (typeof source !== 'object' || source === null)
    return `a value of type ${source === null ? 'null' : typeof source}`
  if (typeof File !== 'undefined' && source instanceof File && source.name) return source.name
  if (typeof Response !== 'undefined' && source instanceof Response && source.url) return nameOf(source.url)
  const { currentSrc } = source as { currentSrc?: unknown }
  if (typeof currentSrc === 'string' && currentSrc) return nameOf(currentSrc)
  return `the ${source.constructor?.name ?? 'object'}`
}

/** @throws MobileOneError `invalid-input` when an image has more pixels than allowed. */
export function checkPixelCount(width: number, height: number, settings: DecodeSettings): void {
  if (width * height > settings.maxPixels) {
    throw new MobileOneError(
      'invalid-input',
      `${settings.name} has ${width}x${height} pixels, more than the ${settings.maxPixels} allowed; shrink it, or raise maxPixels`,
    )
  }
}

/** @throws MobileOneError `invalid-input` when a file or a body has more bytes than allowed. */
export function checkByteCount(bytes: number, settings: DecodeSettings): void {
  if (bytes > settings.maxBytes) {
    throw new MobileOneError(
      'invalid-input',
      `${settings.name} has ${bytes} bytes or more, over the ${settings.maxBytes} allowed; shrink it, or raise maxBytes`,
    )
  }
}

/** The error of a file that is empty, cut short, damaged, or not an image. */
export function undecodable(settings: DecodeSettings, reason: string, cause?: unknown): MobileOneError {
  return new MobileOneError('invalid-file', `${settings.name} cannot be decoded: ${reason}`, { cause })
}
