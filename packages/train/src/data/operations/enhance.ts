/**
 * Pillow's ImageEnhance on 8-bit pixels: a blend of the image with a degenerate one, `degenerate + factor (image - degenerate)`
 * in float32, truncated and clamped (Blend.c). Factor 1 changes nothing, 0 gives the degenerate image.
 */
import { type Image, toGrey } from '@mobileone/vision'

/** Blend with black. */
export function brightness(image: Image, factor: number): Image {
  return blend(image, factor, () => 0)
}

/** Blend with the grey version of the image; nothing changes in a grey one. */
export function color(image: Image, factor: number): Image {
  const grey = toGrey(image).data
  return blend(image, factor, (_, pixel) => grey[pixel]!)
}

/** Blend with the mean of the grey version, rounded. */
export function contrast(image: Image, factor: number): Image {
  const grey = toGrey(image).data
  let sum = 0
  for (const sample of grey) sum += sample
  const mean = Math.trunc(sum / grey.length + 0.5)
  return blend(image, factor, () => mean)
}

/** Blend with Pillow's SMOOTH: a 3x3 mean whose centre weighs 5 of 13; the border stays as it is. */
export function sharpness(image: Image, factor: number): Image {
  const { width, height, channels, data } = image
  const smooth = new Uint8Array(data)
  const row = width * channels
  for (let y = 1; y < height - 1; y++) {
    for (let at = y * row + channels; at < (y + 1) * row - channels; at++) {
      let sum = 4 * data[at]!
      for (let from = at - row; from <= at + row; from += row) {
        sum += data[from - channels]! + data[from]! + data[from + channels]!
      }
      smooth[at] = Math.floor((2 * sum + 13) / 26)
    }
  }
  return blend(image, factor, (at) => smooth[at]!)
}

function blend(image: Image, factor: number, degenerate: (at: number, pixel: number) => number): Image {
  const { width, height, channels, data } = image
  const alpha = Math.fround(factor)
  const out = new Uint8Array(data.length)
  for (let pixel = 0, at = 0; at < data.length; pixel++) {
    for (let channel = 0; channel < channels; channel++, at++) {
      const from = degenerate(at, pixel)
      const value = Math.fround(from + Math.fround(alpha * (data[at]! - from)))
      out[at] = Math.min(Math.max(value, 0), 255)
    }
  }
  return { width, height, channels, data: out }
}
