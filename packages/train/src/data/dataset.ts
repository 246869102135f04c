/**
 * A data set is a list: examples are asked for by index, in any order and more than once. It does not shuffle, batch,
 * resize, augment or normalise: that is the work of `batchSource`, and all of it is a function of (seed, epoch, position).
 */
import { MobileOneError } from '@mobileone/core'
import { checkPixels, type Image } from '@mobileone/vision'

/** Labelled images, by index from 0 to `size` - 1. */
export interface Dataset {
  readonly size: number
  /** One label per class, in class order. */
  readonly labels: readonly string[]
  readonly channels: 1 | 3
  /** Class index of an example. */
  label(index: number): number
  /** Decoded pixels of an example, of any size. */
  image(index: number, signal?: AbortSignal): Image | Promise<Image>
  /** What messages call an example; `example 17` where absent. */
  name?(index: number): string
  /** The encoded picture that `image` decodes, where it has one: plain data, so that a worker can decode it instead. */
  picture?(index: number): Picture
}

/** An encoded picture and how to decode it: what is sent to a worker. */
export interface Picture {
  /** An address, in Node a file path, or the encoded bytes. */
  readonly source: string | Blob
  readonly orientation: 'apply' | 'ignore'
  readonly maxPixels?: number
}

/**
 * Decoded images in memory and the class index of each. Grey images stay grey; one coloured image makes the set RGB.
 * @throws MobileOneError `invalid-input` naming the first image or class index that is wrong.
 */
export function arrayDataset(
  images: readonly Image[],
  classes: ArrayLike<number>,
  labels: readonly string[],
): Dataset {
  for (const [index, image] of images.entries()) checkPixels(image, `image ${index}`)
  const channels = images.every((image) => image.channels === 1) ? 1 : 3
  return memoryDataset(images.length, channels, classes, labels, (index) => images[index]!)
}

/** A data set whose images `image` has at hand, and whose classes are checked now. */
export function memoryDataset(
  size: number,
  channels: 1 | 3,
  classes: ArrayLike<number>,
  labels: readonly string[],
  image: (index: number) => Image,
): Dataset {
  checkClasses(size, classes, labels)
  return { size, labels, channels, label: (index) => classes[index]!, image }
}

/** @throws MobileOneError `invalid-input` unless there is one class index in range for each of `size` examples. */
export function checkClasses(size: number, classes: ArrayLike<number>, labels: readonly string[]): void {
  if (size === 0) throw new MobileOneError('invalid-input', 'the data set has no examples')
  if (classes.length !== size) {
    throw new MobileOneError(
      'invalid-input',
      `there are ${size} images and ${classes.length} class indices; give one per image`,
    )
  }
  for (let index = 0; index < size; index++) {
    const value = classes[index]!
    if (Number.isInteger(value) && value >= 0 && value < labels.length) continue
    throw new MobileOneError(
      'invalid-input',
      `example ${index} has class ${value}, but there are ${labels.length} labels: class indices go from 0 to ${labels.length - 1}`,
    )
  }
}

/** What messages call example `index`. */
export function exampleName(dataset: Dataset, index: number): string {
  return dataset.name?.(index) ?? `example ${index}`
}

/** Examples of `dataset` at `indices`, in that order. */
export function view(dataset: Dataset, indices: ArrayLike<number>): Dataset {
  const at = (index: number): number => indices[index]!
  const { picture } = dataset
  return {
    size: indices.length,
    labels: dataset.labels,
    channels: dataset.channels,
    label: (index) => dataset.label(at(index)),
    image: (index, signal) => dataset.image(at(index), signal),
    name: (index) => exampleName(dataset, at(index)),
    ...(picture ? { picture: (index: number) => picture.call(dataset, at(index)) } : {}),
  }
}
