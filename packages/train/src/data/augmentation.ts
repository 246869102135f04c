import { MobileOneError } from '@mobileone/core'

/** How a training image is cut out of the picture. */
export type Crop =
  /** Inception-style: a random part of the area and aspect ratio, resized (Szegedy et al. 2015; torchvision's RandomResizedCrop). */
  | {
      readonly kind: 'randomResized'
      readonly scale: readonly [from: number, to: number]
      readonly ratio: readonly [from: number, to: number]
    }
  /** Zero-padded by `pixels` on each side, then a random window of the size asked for (He et al. 2015, section 4.2). */
  | { readonly kind: 'padded'; readonly pixels: number }
  /** The crop used for evaluation. */
  | { readonly kind: 'centre' }

/** Random changes of training images, as data. */
export interface Augmentation {
  readonly crop: Crop
  /** Mirror half of the images. */
  readonly flip: boolean
  /** The ImageNet policy of AutoAugment (Cubuk et al. 2019), its magnitudes scaled by the strength of the curriculum. */
  readonly autoAugment: boolean
}

/** @throws MobileOneError `invalid-argument` naming the value that makes no sense. */
export function checkAugmentation({ crop }: Augmentation): void {
  switch (crop.kind) {
    case 'randomResized':
      checkRange('scale', crop.scale, 1)
      checkRange('ratio', crop.ratio, Number.MAX_VALUE)
      return
    case 'padded':
      if (Number.isSafeInteger(crop.pixels) && crop.pixels >= 0 && crop.pixels <= 65_536) return
      throw new MobileOneError(
        'invalid-argument',
        `augmentation: crop.pixels must be an integer from 0 to 65536, not ${crop.pixels}`,
      )
    case 'centre':
      return
    default:
      crop satisfies never
      throw new MobileOneError(
        'invalid-argument',
        `augmentation: crop.kind must be randomResized, padded or centre, not ${JSON.stringify((crop as Crop).kind)}`,
      )
  }
}

function checkRange(name: string, [from, to]: readonly [number, number], most: number): void {
  if (from > 0 && from <= to && to <= most) return
  throw new MobileOneError(
    'invalid-argument',
    `augmentation: crop.${name} must be two numbers above 0, the smaller first${most === 1 ? ', at most 1' : ''}, not ${from} and ${to}`,
  )
}
