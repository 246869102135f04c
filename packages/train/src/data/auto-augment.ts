import { MobileOneError, type Random } from '@mobileone/core'
import type { Image } from '@mobileone/vision'
import { rotate, shearX, shearY, translateX, translateY } from './operations/affine.ts'
import { brightness, color, contrast, sharpness } from './operations/enhance.ts'
import { autoContrast, equalize, invert, posterize, solarize } from './operations/tone.ts'

/** The operations of AutoAugment (Cubuk et al. 2019, arXiv 1805.09501, Table 6). */
export type Operation =
  | 'shearX'
  | 'shearY'
  | 'translateX'
  | 'translateY'
  | 'rotate'
  | 'brightness'
  | 'color'
  | 'contrast'
  | 'sharpness'
  | 'posterize'
  | 'solarize'
  | 'autoContrast'
  | 'equalize'
  | 'invert'

/** An operation, how often it happens, and its magnitude from 0 to 9, the bins of Cubuk et al. 2019. */
export type Step = readonly [operation: Operation, probability: number, magnitude: number]

/** The ImageNet policy of AutoAugment (Cubuk et al. 2019, table 9; the order of torchvision): one line is chosen for each image. */
export const imagenetPolicy: readonly (readonly [Step, Step])[] = [
  [
    ['posterize', 0.4, 8],
    ['rotate', 0.6, 9],
  ],
  [
    ['solarize', 0.6, 5],
    ['autoContrast', 0.6, 0],
  ],
  [
    ['equalize', 0.8, 0],
    ['equalize', 0.6, 0],
  ],
  [
    ['posterize', 0.6, 7],
    ['posterize', 0.6, 6],
  ],
  [
    ['equalize', 0.4, 0],
    ['solarize', 0.2, 4],
  ],
  [
    ['equalize', 0.4, 0],
    ['rotate', 0.8, 8],
  ],
  [
    ['solarize', 0.6, 3],
    ['equalize', 0.6, 0],
  ],
  [
    ['posterize', 0.8, 5],
    ['equalize', 1, 0],
  ],
  [
    ['rotate', 0.2, 3],
    ['solarize', 0.6, 8],
  ],
  [
    ['equalize', 0.6, 0],
    ['posterize', 0.4, 6],
  ],
  [
    ['rotate', 0.8, 8],
    ['color', 0.4, 0],
  ],
  [
    ['rotate', 0.4, 9],
    ['equalize', 0.6, 0],
  ],
  [
    ['equalize', 0, 0],
    ['equalize', 0.8, 0],
  ],
  [
    ['invert', 0.6, 0],
    ['equalize', 1, 0],
  ],
  [
    ['color', 0.6, 4],
    ['contrast', 1, 8],
  ],
  [
    ['rotate', 0.8, 8],
    ['color', 1, 2],
  ],
  [
    ['color', 0.8, 8],
    ['solarize', 0.8, 7],
  ],
  [
    ['sharpness', 0.4, 7],
    ['invert', 0.6, 0],
  ],
  [
    ['shearX', 0.6, 5],
    ['equalize', 1, 0],
  ],
  [
    ['color', 0.4, 0],
    ['equalize', 0.6, 0],
  ],
  [
    ['equalize', 0.4, 0],
    ['solarize', 0.2, 4],
  ],
  [
    ['solarize', 0.6, 5],
    ['autoContrast', 0.6, 0],
  ],
  [
    ['invert', 0.6, 0],
    ['equalize', 1, 0],
  ],
  [
    ['color', 0.6, 4],
    ['contrast', 1, 8],
  ],
  [
    ['equalize', 0.8, 0],
    ['equalize', 0.6, 0],
  ],
]

/** How strongly AutoAugment changes an image, by which policy, drawn from which numbers. */
export interface AutoAugmentOptions {
  /** Scales every magnitude, and the probability of operations that have none: 0 leaves the image as it is, 1 is the paper. */
  readonly strength: number
  /** One value per channel for pixels that come from outside of the image. */
  readonly fill: readonly number[]
  readonly random: Random
  /** {@link imagenetPolicy} by default. */
  readonly policy?: readonly (readonly Step[])[]
}

/**
 * AutoAugment on an image of 8-bit grey or RGB pixels: one sub-policy, drawn at random. The image stays as it was.
 * @throws MobileOneError `invalid-argument` for a strength outside of [0, 1].
 */
export function autoAugment(image: Image, options: AutoAugmentOptions): Image {
  const { strength, fill, random, policy = imagenetPolicy } = options
  if (!(strength >= 0 && strength <= 1)) {
    throw new MobileOneError('invalid-argument', `autoAugment: strength must be in [0, 1], not ${strength}`)
  }
  let result = image
  for (const [operation, probability, magnitude] of policy[random.integer(0, policy.length - 1)]!) {
    const chance = isWithoutMagnitude(operation) ? probability * strength : probability
    if (random.next() >= chance) continue
    const sign = random.next() < 0.5 ? -1 : 1
    result = applyOperation(result, operation, (magnitude / 9) * strength, sign, fill)
  }
  return result
}

/**
 * One operation at `level` 0 (nothing changes) to 1, in the ranges of the paper and with torchvision's signs; `sign` turns
 * those around that can go either way.
 */
export function applyOperation(
  image: Image,
  operation: Operation,
  level: number,
  sign: 1 | -1,
  fill: readonly number[],
): Image {
  switch (operation) {
    case 'shearX':
      return shearX(image, sign * level * 0.3, fill)
    case 'shearY':
      return shearY(image, sign * level * 0.3, fill)
    case 'translateX':
      return translateX(image, sign * Math.trunc(((level * 150) / 331) * image.width), fill)
    case 'translateY':
      return translateY(image, sign * Math.trunc(((level * 150) / 331) * image.height), fill)
    case 'rotate':
      return rotate(image, sign * level * 30, fill)
    case 'brightness':
      return brightness(image, 1 + sign * level * 0.9)
    case 'color':
      return color(image, 1 + sign * level * 0.9)
    case 'contrast':
      return contrast(image, 1 + sign * level * 0.9)
    case 'sharpness':
      return sharpness(image, 1 + sign * level * 0.9)
    case 'posterize':
      return posterize(image, 8 - Math.round(level * 4))
    case 'solarize':
      return solarize(image, 256 * (1 - level))
    case 'autoContrast':
      return autoContrast(image)
    case 'equalize':
      return equalize(image)
    case 'invert':
      return invert(image)
    default:
      return operation satisfies never
  }
}

function isWithoutMagnitude(operation: Operation): boolean {
  return operation === 'autoContrast' || operation === 'equalize' || operation === 'invert'
}
