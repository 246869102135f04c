import { MobileOneError, type Window } from '@mobileone/core'

/** Decoded pixels: 8 bits per channel, interleaved, rows from top to bottom without padding. */
export interface Image {
  readonly width: number
  readonly height: number
  /** 1 grey, 3 RGB, 4 RGBA (not premultiplied). */
  readonly channels: 1 | 3 | 4
  /** `width * height * channels` values. */
  readonly data: Uint8Array | Uint8ClampedArray
}

/** Pixels as callers have them: an {@link Image}, an `ImageData`, or the result of another decoder. */
export interface Pixels {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array | Uint8ClampedArray
  /** Read from the length of `data` where absent. */
  readonly channels?: number
}

/** True for an object with sizes and an array of samples: what {@link checkPixels} can judge. */
export function isPixels(value: unknown): value is Pixels {
  if (typeof value !== 'object' || value === null) return false
  const { width, height, data } = value as Partial<Pixels>
  return typeof width === 'number' && typeof height === 'number' && ArrayBuffer.isView(data)
}

/**
 * The same pixels as an {@link Image}, without a copy.
 * @throws MobileOneError `invalid-input` when sizes, channels and data disagree.
 */
export function checkPixels(pixels: Pixels, name = 'the image'): Image {
  const { width, height, data } = pixels
  const fail = (message: string): never => {
    throw new MobileOneError('invalid-input', `${name}: ${message}`)
  }
  if (!Number.isSafeInteger(width) || !Number.isSafeInteger(height) || width < 1 || height < 1) {
    fail(`width and height must be positive integers, not ${width} and ${height}`)
  }
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    fail('the pixels must be 8-bit: give data as a Uint8Array or Uint8ClampedArray')
  }
  const channels = pixels.channels ?? data.length / (width * height)
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    fail(
      pixels.channels === undefined
        ? `${data.length} bytes are not ${width}x${height} pixels of 1, 3 or 4 channels`
        : `channels must be 1, 3 or 4, not ${channels}`,
    )
  }
  if (data.length !== width * height * channels) {
    fail(
      `${width}x${height} pixels of ${channels} channels need ${width * height * channels} bytes, not ${data.length}`,
    )
  }
  return { width, height, channels: channels as Image['channels'], data }
}

/** Three channels: grey is repeated, alpha is dropped without blending. RGB comes back as it is, not copied. */
export function toRgb(image: Image): Image {
  const { width, height, channels, data } = image
  if (channels === 3) return image
  const count = width * height
  const rgb = new Uint8Array(count * 3)
  const green = channels === 1 ? 0 : 1
  const blue = channels === 1 ? 0 : 2
  for (let pixel = 0, from = 0, to = 0; pixel < count; pixel++, from += channels, to += 3) {
    rgb[to] = data[from]!
    rgb[to + 1] = data[from + green]!
    rgb[to + 2] = data[from + blue]!
  }
  return { width, height, channels: 3, data: rgb }
}

/** One channel: ITU-R 601-2 luma in Pillow's fixed point (Convert.c, `L24`). Grey comes back as it is, not copied. */
export function toGrey(image: Image): Image {
  const { width, height, channels, data } = image
  if (channels === 1) return image
  const grey = new Uint8Array(width * height)
  for (let pixel = 0, from = 0; pixel < grey.length; pixel++, from += channels) {
    grey[pixel] = (data[from]! * 19595 + data[from + 1]! * 38470 + data[from + 2]! * 7471 + 0x8000) >> 16
  }
  return { width, height, channels: 1, data: grey }
}

/** The pixels of `window`, which lies inside of the image: a copy, unless it is all of it. */
export function cut(image: Image, { left, top, width, height }: Window): Image {
  if (width === image.width && height === image.height) return image
  const { channels } = image
  const data = new Uint8Array(width * height * channels)
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * channels
    data.set(image.data.subarray(from, from + width * channels), y * width * channels)
  }
  return { width, height, channels, data }
}

/** Grey, or RGB with or without alpha. */
export function inColours(image: Image, isGrey: boolean): Image {
  if (isGrey) return toGrey(image)
  return image.channels === 1 ? toRgb(image) : image
}
