import { MobileOneError, type Preprocess } from '@mobileone/core'
import { readIdx } from '@mobileone/vision'
import { type Dataset, memoryDataset } from './dataset.ts'

/**
 * The images of one IDX file with the class indices of another, plain or gzip-compressed: MNIST, Fashion-MNIST and their
 * kin. Grey, all of one size; `names` are the two files in messages.
 * @throws MobileOneError `invalid-file` for files that are no IDX or do not belong together.
 */
export async function idxDataset(
  imagesBytes: Uint8Array,
  labelsBytes: Uint8Array,
  labels: readonly string[],
  names: readonly [images: string, labels: string] = ['the images', 'the labels'],
): Promise<Dataset> {
  const images = await readIdx(imagesBytes, names[0])
  const classes = await readIdx(labelsBytes, names[1])
  const [count = 0, height = 0, width = 0] = images.shape
  if (images.shape.length !== 3 || classes.shape.length !== 1 || classes.shape[0] !== count) {
    throw new MobileOneError(
      'invalid-file',
      `${names[0]} has shape ${images.shape.join('x')} and ${names[1]} ${classes.shape.join('x')}; expected N x height x width and N`,
    )
  }
  if (height === 0 || width === 0) {
    throw new MobileOneError('invalid-file', `${names[0]}: its images have no pixels (${height}x${width})`)
  }
  const length = height * width
  return memoryDataset(count, 1, classes.data, labels, (index) => ({
    width,
    height,
    channels: 1,
    data: images.data.subarray(index * length, (index + 1) * length),
  }))
}

/** The classes of Fashion-MNIST (Xiao et al. 2017, table 2). */
export const fashionMnistLabels: readonly string[] = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
]

/** How Fashion-MNIST is prepared; mean and deviation are those of its 60,000 training images. */
export const fashionMnistPreprocess: Preprocess = {
  size: [28, 28],
  resize: 28,
  interpolation: 'bilinear',
  mean: [0.286],
  std: [0.353],
}
