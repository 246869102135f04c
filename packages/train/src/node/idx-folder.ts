import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MobileOneError } from '@mobileone/core'
import { readIdx } from '@mobileone/vision'
import type { Dataset } from '../data/dataset.ts'
import { idxDataset } from '../data/idx-dataset.ts'

/** Which of the two sets of a folder of IDX files, and what its classes are called. */
export interface IdxFolderOptions {
  /** The files that begin with `train`, or those with `t10k`. */
  readonly split: 'train' | 'test'
  /** One per class index: for the test set `labels` of the training set. By default the indices, from 0 to the largest there is. */
  readonly labels?: readonly string[]
}

/**
 * A folder with the four files of MNIST, or of another data set that names its own alike (`train-images-idx3-ubyte`), plain or
 * gzip-compressed. Grey, all of one size.
 * @throws MobileOneError `invalid-file` when a file is missing or damaged, `invalid-input` for a class index without a label,
 * `invalid-argument` for another split.
 */
export async function idxFolder(folder: string, options: IdxFolderOptions): Promise<Dataset> {
  const { images, classes, paths } = await readIdxFiles(folder, options.split, 'name the folder that has it')
  return idxDataset(images, classes, options.labels ?? (await indices(classes, paths[1])), paths)
}

async function indices(classes: Uint8Array, path: string): Promise<readonly string[]> {
  const { data } = await readIdx(classes, path)
  const largest = data.reduce((most, each) => Math.max(most, each), 0)
  return Array.from({ length: largest + 1 }, (_, index) => String(index))
}

interface IdxFiles {
  readonly images: Uint8Array
  readonly classes: Uint8Array
  readonly paths: readonly [images: string, labels: string]
}

/**
 * The bytes of the two files of `split`. `remedy` ends the message where one is missing.
 * @throws MobileOneError `invalid-file`, `invalid-argument` as {@link idxFolder}.
 */
export async function readIdxFiles(
  folder: string,
  split: 'train' | 'test',
  remedy: string,
): Promise<IdxFiles> {
  if (split !== 'train' && split !== 'test') {
    throw new MobileOneError(
      'invalid-argument',
      `IDX files have the splits 'train' and 'test', not ${JSON.stringify(split)}`,
    )
  }
  const prefix = split === 'train' ? 'train' : 't10k'
  const names = await readdir(folder).catch((): string[] => [])
  const read = async (kind: 'images' | 'labels'): Promise<[path: string, bytes: Uint8Array]> => {
    const pattern = new RegExp(`^${prefix}-${kind}[-.]idx[13]-ubyte(\\.gz)?$`)
    const name = names.find((each) => pattern.test(each))
    if (name === undefined) {
      throw new MobileOneError(
        'invalid-file',
        `there is no ${prefix}-${kind}-idx${kind === 'images' ? 3 : 1}-ubyte.gz in ${folder}; ${remedy}`,
      )
    }
    const path = join(folder, name)
    return [path, await readFile(path)]
  }
  const [imagesPath, images] = await read('images')
  const [labelsPath, classes] = await read('labels')
  return { images, classes, paths: [imagesPath, labelsPath] }
}
