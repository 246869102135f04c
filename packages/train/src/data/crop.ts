import type { Preprocess, Random } from '@mobileone/core'
import { type Image, resize, resizeAndCrop, type Window } from '@mobileone/vision'
import type { Crop } from './augmentation.ts'

/** The rule of evaluation at another size: the same part of the picture, so `resize` changes in proportion. */
export function ruleAtSize(rule: Preprocess, size: readonly [height: number, width: number]): Preprocess {
  if (size[0] === rule.size[0] && size[1] === rule.size[1]) return rule
  const scale = Math.min(...size) / Math.min(...rule.size)
  return { ...rule, size, resize: Math.max(1, Math.round(rule.resize * scale)) }
}

/** A training image of `rule.size`, mirrored half of the time where `flip` is set. */
export function randomCrop(image: Image, crop: Crop, flip: boolean, rule: Preprocess, random: Random): Image {
  const [height, width] = rule.size
  switch (crop.kind) {
    case 'randomResized': {
      const window = randomResizedWindow(image, crop.scale, crop.ratio, random)
      const mirrored = flip && random.next() < 0.5
      const part = resize(cut(image, window), width, height, rule.interpolation)
      return mirrored ? mirror(part) : part
    }
    case 'padded': {
      const window = {
        left: random.integer(0, 2 * crop.pixels) - crop.pixels,
        top: random.integer(0, 2 * crop.pixels) - crop.pixels,
        width,
        height,
      }
      return cut(centreCropped(image, rule), window, flip && random.next() < 0.5)
    }
    case 'centre': {
      const part = centreCropped(image, rule)
      return flip && random.next() < 0.5 ? mirror(part) : part
    }
    default:
      return crop satisfies never
  }
}

/** `resizeAndCrop`, without the work where the image is what it would give already. */
export function centreCropped(image: Image, rule: Preprocess): Image {
  const { width, height } = image
  const same = height === rule.size[0] && width === rule.size[1] && Math.min(width, height) === rule.resize
  return same && image.channels !== 4 ? image : resizeAndCrop(image, rule)
}

/**
 * The window of torchvision's `RandomResizedCrop.get_params` (Szegedy et al. 2015): a share of the area uniform in `scale`,
 * an aspect ratio uniform in the logarithm of `ratio`; after ten failures the largest centred window of an allowed ratio.
 */
export function randomResizedWindow(
  { width, height }: Pick<Image, 'width' | 'height'>,
  scale: readonly [from: number, to: number],
  ratio: readonly [from: number, to: number],
  random: Random,
): Window {
  const uniform = (from: number, to: number): number => from + (to - from) * random.next()
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = width * height * uniform(scale[0], scale[1])
    const aspect = Math.exp(uniform(Math.log(ratio[0]), Math.log(ratio[1])))
    const w = Math.round(Math.sqrt(area * aspect))
    const h = Math.round(Math.sqrt(area / aspect))
    if (w < 1 || w > width || h < 1 || h > height) continue
    return { left: random.integer(0, width - w), top: random.integer(0, height - h), width: w, height: h }
  }
  const own = width / height
  const w = own > ratio[1] ? Math.min(width, Math.max(1, Math.round(height * ratio[1]))) : width
  const h = own < ratio[0] ? Math.min(height, Math.max(1, Math.round(width / ratio[0]))) : height
  return { left: Math.floor((width - w) / 2), top: Math.floor((height - h) / 2), width: w, height: h }
}

/** A copy of the pixels in `window`, zero where it reaches outside of the image; mirrored left to right if asked. */
export function cut(image: Image, window: Window, mirrored = false): Image {
  const { channels } = image
  const { left, top, width, height } = window
  const data = new Uint8Array(width * height * channels)
  const firstRow = Math.max(top, 0)
  const lastRow = Math.min(top + height, image.height)
  const firstColumn = Math.max(left, 0)
  const columns = Math.max(0, Math.min(left + width, image.width) - firstColumn)
  for (let row = firstRow; row < lastRow; row++) {
    const from = (row * image.width + firstColumn) * channels
    const to = ((row - top) * width + firstColumn - left) * channels
    data.set(image.data.subarray(from, from + columns * channels), to)
  }
  const part: Image = { width, height, channels, data }
  return mirrored ? mirror(part, data) : part
}

/** The image mirrored left to right, written to `out`, which may be the image's own pixels. */
export function mirror(image: Image, out: Uint8Array = new Uint8Array(image.data.length)): Image {
  const { width, height, channels, data } = image
  for (let row = 0; row < height; row++) {
    let from = row * width * channels
    let to = from + (width - 1) * channels
    for (; from <= to; from += channels, to -= channels) {
      for (let channel = 0; channel < channels; channel++) {
        const value = data[from + channel]!
        out[from + channel] = data[to + channel]!
        out[to + channel] = value
      }
    }
  }
  return { width, height, channels, data: out }
}
