import {
  centreCrop,
  type Framing,
  MobileOneError,
  type Preprocess,
  shorterSideTo,
  type Tensor,
  tensor,
} from '@mobileone/core'
import { checkFraming, placementOf } from '@mobileone/core/framing'
import { settingsOf } from './decode.ts'
import { cut, type Image, toGrey, toRgb } from './image.ts'
import { checkStatistics, normalizationTables, writePlanes } from './normalize.ts'
import { prepareInto } from './prepare.ts'
import { resizeCrop } from './resize.ts'
import type { ImageSource, PreprocessOptions } from './source.ts'
import { turn } from './turn.ts'

/**
 * Decode one image or several and make the model's input: [N, C, height, width] float32, C the length of `rule.mean`
 * (3 for RGB, 1 for grey). The same steps and roundings as torchvision's Resize, CenterCrop, ToTensor, Normalize on Pillow,
 * unless the options say otherwise: {@link PreprocessOptions}.
 * @throws MobileOneError `invalid-argument` for a rule or options that cannot be followed, `invalid-input` for a region outside of
 * its picture, and what `decode` throws.
 */
export async function preprocess(
  source: ImageSource | readonly ImageSource[],
  rule: Preprocess,
  options: PreprocessOptions = {},
): Promise<Tensor> {
  checkRule(rule)
  checkPreprocessOptions(options)
  const sources = isList(source) ? source : [source]
  const out = tensor([sources.length, rule.mean.length, ...rule.size])
  const length = rule.mean.length * rule.size[0] * rule.size[1]
  await Promise.all(
    sources.map((each, i) => {
      const label = isList(source) ? `image ${i}` : undefined
      return prepareInto(out.data.subarray(i * length, (i + 1) * length), each, rule, options, label)
    }),
  )
  return out
}

/** {@link preprocess} for images that are decoded already, with its `exact` resampling, in JavaScript alone. */
export function toTensor(images: readonly Image[], rule: Preprocess): Tensor {
  checkRule(rule)
  const [height, width] = rule.size
  const channels = rule.mean.length
  const out = tensor([images.length, channels, height, width])
  const tables = normalizationTables(rule)
  images.forEach((image, index) => {
    const crop = resizeAndCrop(channels === 1 ? toGrey(image) : toRgb(image), rule)
    const length = channels * height * width
    writePlanes(crop, tables, out.data.subarray(index * length, (index + 1) * length))
  })
  return out
}

/** The 8-bit crop the network sees before normalisation: the shorter side resized to `rule.resize`, the centre cut out. */
export function resizeAndCrop(image: Image, rule: Preprocess): Image {
  const resized = shorterSideTo(rule.resize, image.width, image.height)
  const window = centreCrop(resized.width, resized.height, rule.size[1], rule.size[0])
  return resizeCrop(image, resized.width, resized.height, window, rule.interpolation)
}

/**
 * {@link resizeAndCrop} with a framing of one's own: the region of the image, turned, resized and cut or padded to `rule.size`.
 * @throws MobileOneError `invalid-argument` for options of no known value, `invalid-input` for a region outside of the image.
 */
export function resizeAndFrame(image: Image, rule: Preprocess, framing: Framing): Image {
  const placement = placementOf(image.width, image.height, rule, framing)
  const { region, resized, window, padding } = placement
  const framed = turn(cut(image, region), placement)
  return resizeCrop(framed, resized.width, resized.height, window, rule.interpolation, padding)
}

/** @throws MobileOneError `invalid-argument` naming the option that is none of its values. */
export function checkPreprocessOptions(options: PreprocessOptions): void {
  checkFraming(options)
  settingsOf(options, '')
  const { resample = 'exact' } = options
  if (resample !== 'exact' && resample !== 'fast') {
    throw new MobileOneError(
      'invalid-argument',
      `resample must be 'exact' or 'fast', not ${JSON.stringify(resample)}`,
    )
  }
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

/** `Array.isArray` that narrows a readonly array. */
export function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value)
}
