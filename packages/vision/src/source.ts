import { MobileOneError, throwIfAborted } from '@mobileone/core'
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

export interface SharpImage {
  metadata(): Promise<{ readonly width?: number; readonly height?: number; readonly space?: string }>
  autoOrient(): SharpImage
  removeAlpha(): SharpImage
  pipelineColourspace(space: string): SharpImage
  toColourspace(space: string): SharpImage
  raw(): SharpImage
  toBuffer(options: { readonly resolveWithObject: true }): Promise<{
    readonly data: Uint8Array
    readonly info: { readonly width: number; readonly height: number; readonly channels: number }
  }>
}

export interface DecodeOptions {
  /**
   * `apply` (the default) turns the picture upright as its EXIF orientation says, as people and browsers expect;
   * `ignore` leaves the stored pixels, as Pillow, and so published accuracy figures, do.
   */
  readonly orientation?: 'apply' | 'ignore'
  /** Refuse images of more pixels than this, before decoding where the size can be read. 100 million by default. */
  readonly maxPixels?: number
  /** Node only: the sharp module or a promise of it, where `import('sharp')` would not find it. */
  readonly lib?: Sharp | PromiseLike<Sharp | { readonly default: Sharp }>
  readonly signal?: AbortSignal
}

/** What a platform decodes with, every choice made. */
export interface DecodeSettings {
  /** Names the image in messages. */
  readonly name: string
  readonly orientation: 'apply' | 'ignore'
  readonly maxPixels: number
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

/** The encoded bytes of a source that has them in memory, undefined for every other kind. */
export async function bytesInMemory(
  source: unknown,
  settings: DecodeSettings,
): Promise<Uint8Array | undefined> {
  if (source instanceof ArrayBuffer) return new Uint8Array(source)
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
  if (typeof Blob !== 'undefined' && source instanceof Blob) {
    try {
      return new Uint8Array(await source.arrayBuffer())
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

/** Download the encoded bytes at an address. */
export async function download(address: string | URL, settings: DecodeSettings): Promise<Uint8Array> {
  let response: Response
  try {
    response = await fetch(address, settings.signal ? { signal: settings.signal } : {})
  } catch (cause) {
    throwIfAborted(settings.signal, `loading ${settings.name}`)
    throw new MobileOneError(
      'network',
      `${settings.name} cannot be loaded; check the address, the connection and, across origins, that the server sends CORS headers`,
      { cause },
    )
  }
  return readResponse(response, settings)
}

async function readResponse(response: Response, settings: DecodeSettings): Promise<Uint8Array> {
  const { name, signal } = settings
  if (!response.ok) {
    throw new MobileOneError(
      'network',
      `${name}: the server answered ${response.status} ${response.statusText}`.trimEnd(),
    )
  }
  if (response.bodyUsed) {
    throw new MobileOneError('invalid-input', `${name}: the body was read before; pass response.clone()`)
  }
  const type = response.headers.get('content-type') ?? ''
  if (type.startsWith('text/html')) {
    throw new MobileOneError(
      'invalid-file',
      `${name} is an HTML page, not an image; does the server answer unknown addresses with a page?`,
    )
  }
  try {
    return new Uint8Array(await response.arrayBuffer())
  } catch (cause) {
    throwIfAborted(signal, `loading ${name}`)
    throw new MobileOneError('network', `${name}: the connection ended before the whole image had arrived`, {
      cause,
    })
  }
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

/** The error of a file that is empty, cut short, damaged, or not an image. */
export function undecodable(settings: DecodeSettings, reason: string, cause?: unknown): MobileOneError {
  return new MobileOneError('invalid-file', `${settings.name} cannot be decoded: ${reason}`, { cause })
}
