import { MobileOneError, type Preprocess, type Tensor, tensor } from '@mobileone/core'
import { decodeNamed } from './decode.ts'
import { centreCrop, shorterSideTo } from './geometry.ts'
import { type Image, toGrey, toRgb } from './image.ts'
import { resizeCrop } from './resize.ts'
import type { DecodeOptions, ImageSource } from './source.ts'

/**
 * Decode one image or several and make the model's input: [N, C, height, width] float32, C the length of `rule.mean`
 * (3 for RGB, 1 for grey). The same steps and roundings as torchvision's Resize, CenterCrop, ToTensor, Normalize on Pillow.
 */
export async function preprocess(
  source: ImageSource | readonly ImageSource[],
  rule: Preprocess,
  options: DecodeOptions = {},
): Promise<Tensor> {
  checkRule(rule)
  const images = isList(source)
    ? await Promise.all(source.map((each, i) => decodeNamed(each, options, `image ${i}`)))
    : [await decodeNamed(source, options)]
  return toTensor(images, rule)
}

/** {@link preprocess} for images that are decoded already. */
export function toTensor(images: readonly Image[], rule: Preprocess): Tensor {
  checkRule(rule)
  const [height, width] = rule.size
  const channels = rule.mean.length
  const out = tensor([images.length, channels, height, width])
  images.forEach((image, index) => {
    const crop = resizeAndCrop(channels === 1 ? toGrey(image) : toRgb(image), rule)
    const length = channels * height * width
    writeNormalized(crop, rule, out.data.subarray(index * length, (index + 1) * length))
  })
  return out
}

/** The 8-bit crop the network sees before normalisation: the shorter side resized to `rule.resize`, the centre cut out. */
export function resizeAndCrop(image: Image, rule: Preprocess): Image {
  const resized = shorterSideTo(rule.resize, image.width, image.height)
  const window = centreCrop(resized.width, resized.height, rule.size[1], rule.size[0])
  return resizeCrop(image, resized.width, resized.height, window, rule.interpolation)
}

/** `(x / 255 - mean) / std` per channel, each step rounded to float32 as in PyTorch: [1, C, height, width]. */
export function normalize(image: Image, rule: Pick<Preprocess, 'mean' | 'std'>): Tensor {
  checkStatistics(rule)
  const channels = rule.mean.length
  const converted = channels === 1 ? toGrey(image) : toRgb(image)
  const out = tensor([1, channels, image.height, image.width])
  writeNormalized(converted, rule, out.data)
  return out
}

function writeNormalized(image: Image, rule: Pick<Preprocess, 'mean' | 'std'>, out: Float32Array): void {
  const { data, channels } = image
  const pixels = image.width * image.height
  normalizationTables(rule).forEach((table, channel) => {
    const plane = channel * pixels
    for (let i = 0, from = channel; i < pixels; i++, from += channels) out[plane + i] = table[data[from]!]!
  })
}

/** What {@link normalize} makes of each of the 256 values a sample can have, one table per channel. */
export function normalizationTables({ mean, std }: Pick<Preprocess, 'mean' | 'std'>): Float32Array[] {
  checkStatistics({ mean, std })
  return mean.map((value, channel) => {
    const centre = Math.fround(value)
    const deviation = Math.fround(std[channel]!)
    return Float32Array.from(
      { length: 256 },
      (_, sample) => Math.fround(Math.fround(sample / 255) - centre) / deviation,
    )
  })
}

/** @throws MobileOneError `invalid-argument` naming the field of the rule that is wrong. */
export function checkRule(rule: Preprocess): void {
  for (const [name, value] of [
    ['size[0]', rule.size[0]],
    ['size[1]', rule.size[1]],
    ['resize', rule.resize],
  ] as const) {
    if (!Number.isInteger(value) || value < 1 || value > 65_536) {
      throw new MobileOneError(
        'invalid-argument',
        `preprocess: ${name} must be an integer from 1 to 65536, not ${value}`,
      )
    }
  }
  checkStatistics(rule)
}

function checkStatistics({ mean, std }: Pick<Preprocess, 'mean' | 'std'>): void {
  if ((mean.length !== 1 && mean.length !== 3) || std.length !== mean.length) {
    throw new MobileOneError(
      'invalid-argument',
      `preprocess: mean and std must both have 3 values (RGB) or 1 (grey), not ${mean.length} and ${std.length}`,
    )
  }
  if (!mean.every(Number.isFinite) || !std.every((value) => Number.isFinite(value) && value > 0)) {
    throw new MobileOneError('invalid-argument', 'preprocess: mean must be finite, std finite and above 0')
  }
}

/** `Array.isArray` that narrows a readonly array. */
export function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value)
}
