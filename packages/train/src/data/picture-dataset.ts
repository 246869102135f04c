import { MobileOneError } from '@mobileone/core'
import { decode } from '@mobileone/vision'
import { checkClasses, type Dataset, type Picture } from './dataset.ts'

/** How the pictures of a data set are decoded. */
export interface PictureDatasetOptions {
  /** 3 by default; 1 turns pictures grey. */
  readonly channels?: 1 | 3
  /** As for `decode`: `apply`, the default, turns pictures upright as their EXIF orientation says. */
  readonly orientation?: 'apply' | 'ignore'
  /** Refuse larger pictures, as for `decode`. */
  readonly maxPixels?: number
}

/**
 * Encoded pictures that are decoded each time they are asked for: addresses, files a user chose, in Node file paths.
 * @throws MobileOneError `invalid-input` naming the first class index that is wrong, `invalid-argument` for other channels than 1 or 3.
 */
export function pictureDataset(
  pictures: readonly (string | Blob)[],
  classes: ArrayLike<number>,
  labels: readonly string[],
  options: PictureDatasetOptions = {},
): Dataset {
  const { channels = 3, orientation = 'apply', maxPixels } = options
  if (channels !== 1 && channels !== 3) {
    throw new MobileOneError('invalid-argument', `channels must be 1 or 3, not ${channels}`)
  }
  checkClasses(pictures.length, classes, labels)
  const picture = (index: number): Picture => ({
    source: pictures[index]!,
    orientation,
    ...(maxPixels === undefined ? {} : { maxPixels }),
  })
  return {
    size: pictures.length,
    labels,
    channels,
    label: (index) => classes[index]!,
    image(index, signal) {
      const { source, ...decoding } = picture(index)
      return decode(source, signal ? { ...decoding, signal } : decoding)
    },
    name: (index) => nameOf(pictures[index]!) ?? `picture ${index}`,
    picture,
  }
}

function nameOf(source: string | Blob): string | undefined {
  if (typeof source === 'string') return source
  return typeof File !== 'undefined' && source instanceof File && source.name !== '' ? source.name : undefined
}
