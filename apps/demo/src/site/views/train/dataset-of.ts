import type { Preprocess } from '@mobileone/core'
import { arrayDataset, type Dataset } from '@mobileone/train'
import { type Pictures, type PreparedData, pictureAt } from './prepared-data.ts'

/** How a picture becomes the input of a network trained on `data`: the part in the middle, at the size of the pictures. */
export function preprocessOf({ size, mean, std }: PreparedData): Preprocess {
  return { size: [size, size], resize: size, interpolation: 'bilinear', mean, std }
}

/** Some of the pictures of `data` as a data set of `@mobileone/train`. */
export function datasetOf(pictures: Pictures, data: PreparedData): Dataset {
  const images = Array.from({ length: pictures.count }, (_, index) => pictureAt(pictures, data, index))
  return arrayDataset(images, pictures.classes, data.labels)
}
