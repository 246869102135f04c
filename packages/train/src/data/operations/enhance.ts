/**
 * Pillow's ImageEnhance on 8-bit pixels: a blend of the image with a degenerate one, `degenerate + factor (image - degenerate)`
 * in float32, truncated and clamped (Blend.c). Factor 1 changes nothing, 0 gives the degenerate image.
 */
import { type Image, toGrey, toRgb } from '@mobileone/vision'

/** Blend with black. */
export function brightness(image: Image, factor: number): Image {
  return blend(image, factor, new Uint8Array(image.data.length))
}

/** Blend with the grey version of the image; nothing changes in a grey one. */
export function color(image: Image, factor: number): Image {
  return image.channels === 1 ? image : blend(image, factor, toRgb(toGrey(image)).data)
}

/** Blend with the mean of the grey version, rounded. */
export function contrast(image: Image, factor: number): Image {
  const grey = toGrey(image).data
  let sum = 0
  for (let i = 0; i < grey.length; i++) sum += grey[i]!
  const mean = Math.trunc(sum / grey.length + 0.5)
  return blend(image, factor, new Uint8Array(image.data.length).fill(mean))
}

/** Blend with Pillow's SMOOTH: a 3x3 mean whose centre weighs 5 of 13; the border stays as it is. */
export function sharpness(image: Image, factor: number): Image {
  const { width, height, channels, data } = image
  const smooth = new Uint8Array(data)
  const row = width * channels
  for (let y = 1; y < height - 1; y++) {
    for (let at = y * row + channels; at < (y + 1) * row - channels; at++) {
      const above = data[at - row - channels]! + data[at - row]! + data[at - row + channels]!
      const beside = data[at - channels]! + 5 * data[at]! + data[at + channels]!
      const below = data[at + row - channels]! + data[at + row]! + data[at + row + channels]!
      smooth[at] = (2 * (above + beside + below) + 13) / 26
    }
  }
  return blend(image, factor, smooth)
}

function blend(image: Image, factor: number, degenerate: Uint8Array | Uint8ClampedArray): Image {
  const { width, height, channels, data } = image
  const alpha = Math.fround(factor)
  const out = new Uint8ClampedArray(data.length)
  for (let i = 0; i < data.length; i++) {
    const from = degenerate[i]!
    out[i] = Math.fround(from + Math.fround(alpha * (data[i]! - from))) | 0
  }
  return { width, height, channels, data: out }
}
