/**
 * Geometry on 8-bit pixels as Pillow's `Image.transform(size, AFFINE, …, NEAREST, fillcolor)`: output pixel (x, y) shows the
 * input at `(a x + b y + c, d x + e y + f)`, pixel centres at halves, in fixed point of 16 bits (Geometry.c, `affine_fixed`).
 */
import type { Image } from '@mobileone/vision'

type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number]

/** Move rows sideways by `level` pixels per row, about the upper left corner. `fill`: one value per channel for what is uncovered. */
export function shearX(image: Image, level: number, fill: readonly number[]): Image {
  return affine(image, [1, level, 0, 0, 1, 0], fill)
}

/** Move columns up or down by `level` pixels per column, about the upper left corner. */
export function shearY(image: Image, level: number, fill: readonly number[]): Image {
  return affine(image, [1, 0, 0, level, 1, 0], fill)
}

/** Show the image from column `pixels` on. */
export function translateX(image: Image, pixels: number, fill: readonly number[]): Image {
  return affine(image, [1, 0, pixels, 0, 1, 0], fill)
}

/** Show the image from row `pixels` on. */
export function translateY(image: Image, pixels: number, fill: readonly number[]): Image {
  return affine(image, [1, 0, 0, 0, 1, pixels], fill)
}

/** Turn counter-clockwise about the centre, by Pillow's `Image.rotate`, for angles strictly between -90 and 90 degrees. */
export function rotate(image: Image, degrees: number, fill: readonly number[]): Image {
  const angle = (-degrees * Math.PI) / 180
  const cos = Math.cos(angle)
  const sin = Math.sin(angle)
  const x = image.width / 2
  const y = image.height / 2
  return affine(image, [cos, sin, -cos * x - sin * y + x, -sin, cos, sin * x - cos * y + y], fill)
}

function affine(image: Image, [a, b, c, d, e, f]: Affine, fill: readonly number[]): Image {
  const { width, height, channels, data } = image
  const out = new Uint8Array(data.length)
  const stepX = fixed(a)
  const stepY = fixed(d)
  let rowX = fixed(c + a * 0.5 + b * 0.5)
  let rowY = fixed(f + d * 0.5 + e * 0.5)
  let to = 0
  for (let row = 0; row < height; row++) {
    let x = rowX
    let y = rowY
    for (let column = 0; column < width; column++) {
      const fromX = Math.floor(x / 65536)
      const fromY = Math.floor(y / 65536)
      const inside = fromX >= 0 && fromX < width && fromY >= 0 && fromY < height
      const from = (fromY * width + fromX) * channels
      for (let channel = 0; channel < channels; channel++) {
        out[to++] = inside ? data[from + channel]! : fill[channel]!
      }
      x += stepX
      y += stepY
    }
    rowX += fixed(b)
    rowY += fixed(e)
  }
  return { width, height, channels, data: out }
}

function fixed(value: number): number {
  return Math.floor(value * 65536 + 0.5)
}
