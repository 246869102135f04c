import { MobileOneError, type Window } from '@mobileone/core'
import { is } from './instance.ts'
import type { Picture } from './picture.ts'
import { checkPixelCount, type DecodeSettings, undecodable } from './source.ts'

/** A picture that a canvas can draw: its pixels are read from one, no more of them than are needed. */
export function drawable(
  source: CanvasImageSource,
  width: number,
  height: number,
  settings: DecodeSettings,
): Picture {
  if (width === 0 || height === 0) {
    throw new MobileOneError(
      'invalid-input',
      `${settings.name} has no pixels (${width}x${height}); was it closed?`,
    )
  }
  checkPixelCount(width, height, settings)
  return {
    width,
    height,
    read(window) {
      const { left, top } = window
      const drawn = draw(window, settings, (context) => context.drawImage(source, -left, -top, width, height))
      const translucent = is('ImageBitmap', source) && hasAlpha(drawn)
      const exact = translucent ? readThroughWebGl(source, window, width, height) : undefined
      return { image: { ...sizeOf(window), channels: 4, data: exact ?? drawn }, left, top }
    },
    shrink(region, resizedWidth, resizedHeight, window) {
      const [x, y] = [resizedWidth / region.width, resizedHeight / region.height]
      // Only what the window shows: a browser scales all that it is told to draw.
      const left = Math.max(0, Math.floor(window.left / x) - 2)
      const top = Math.max(0, Math.floor(window.top / y) - 2)
      const right = Math.min(region.width, Math.ceil((window.left + window.width) / x) + 2)
      const bottom = Math.min(region.height, Math.ceil((window.top + window.height) / y) + 2)
      const data = draw(window, settings, (context) => {
        context.imageSmoothingQuality = 'medium'
        context.drawImage(
          source,
          ...([region.left + left, region.top + top, right - left, bottom - top] as const),
          ...([
            left * x - window.left,
            top * y - window.top,
            (right - left) * x,
            (bottom - top) * y,
          ] as const),
        )
      })
      return { ...sizeOf(window), channels: 4, data }
    },
    close() {},
  }
}

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

/** The canvas that was drawn on last: the frames of a camera are all of one size. */
let scratch: Context | undefined
const keptPixels = 2 ** 22

/** RGBA, not premultiplied, of what `paint` draws on an empty canvas. */
function draw(
  { width, height }: Window,
  settings: DecodeSettings,
  paint: (context: Context) => void,
): Uint8ClampedArray {
  try {
    const isKept = scratch?.canvas.width === width && scratch.canvas.height === height
    const context = isKept ? scratch! : createContext(width, height, settings)
    scratch = width * height > keptPixels ? undefined : context
    context.globalCompositeOperation = 'copy'
    context.imageSmoothingQuality = 'low'
    paint(context)
    return context.getImageData(0, 0, width, height, { colorSpace: 'srgb' }).data
  } catch (cause) {
    scratch = undefined
    throw cause instanceof MobileOneError ? cause : unreadable(settings)(cause)
  }
}

function createContext(width: number, height: number, settings: DecodeSettings): Context {
  const context = createCanvas(width, height, settings).getContext('2d', { willReadFrequently: true })
  if (context) return context as Context
  throw new MobileOneError(
    'unavailable',
    `${settings.name}: this browser gives no 2D canvas of ${width}x${height}`,
  )
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

function sizeOf({ width, height }: Window): Pick<Window, 'width' | 'height'> {
  return { width, height }
}

/**
 * A 2D canvas stores premultiplied colours, which loses those under a low alpha; a texture keeps them. Undefined where
 * WebGL cannot help: the canvas's answer, exact for opaque pixels, then stands.
 */
function readThroughWebGl(
  source: ImageBitmap,
  window: Window,
  width: number,
  height: number,
): Uint8Array | undefined {
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
    const rgba = new Uint8Array(window.width * window.height * 4)
    gl.readPixels(window.left, window.top, window.width, window.height, gl.RGBA, gl.UNSIGNED_BYTE, rgba)
    return gl.getError() === gl.NO_ERROR ? rgba : undefined
  } finally {
    gl.getExtension('WEBGL_lose_context')?.loseContext()
  }
}

function hasAlpha({ buffer, byteOffset, length }: Uint8ClampedArray): boolean {
  const pixels = new Uint32Array(buffer, byteOffset, length / 4)
  let all = -1
  for (const pixel of pixels) all &= pixel
  return all >>> 24 !== 255
}

/** The error of what cannot be drawn, or not read once it is. */
export function unreadable(settings: DecodeSettings): (cause: unknown) => MobileOneError {
  return (cause) =>
    (cause as { name?: unknown } | null)?.name === 'SecurityError'
      ? new MobileOneError(
          'invalid-input',
          `${settings.name} comes from another origin, so its pixels may not be read; set crossorigin="anonymous" on the element and send CORS headers`,
          { cause },
        )
      : undecodable(settings, 'the browser cannot draw it', cause)
}
