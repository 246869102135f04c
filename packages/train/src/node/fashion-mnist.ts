import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MobileOneError } from '@mobileone/core'
import type { Dataset } from '../data/dataset.ts'
import { fashionMnistLabels, idxDataset } from '../data/idx-dataset.ts'

/** Which of the two sets of Fashion-MNIST, and where its files are. */
export interface FashionMnistOptions {
  /** 60,000 images to train with, 10,000 to test with. */
  readonly split: 'train' | 'test'
  /** Holds the four IDX files, plain or gzip-compressed; by default where Debian's package puts them. */
  readonly folder?: string
}

const debianFolder = '/usr/share/datasets/fashion-mnist'

/**
 * Fashion-MNIST (Xiao et al. 2017): grey images of 28 x 28 in ten classes.
 * @throws MobileOneError `invalid-file` when a file is missing or damaged, naming the Debian package to install,
 * `invalid-argument` for another split.
 */
export async function fashionMnist(options: FashionMnistOptions): Promise<Dataset> {
  const { folder = debianFolder, split } = options
  if (split !== 'train' && split !== 'test') {
    throw new MobileOneError(
      'invalid-argument',
      `Fashion-MNIST has the splits 'train' and 'test', not ${JSON.stringify(split)}`,
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
        `there is no ${prefix}-${kind}-idx${kind === 'images' ? 3 : 1}-ubyte.gz in ${folder}; install the Debian package dataset-fashion-mnist (apt install dataset-fashion-mnist), or name the folder that has the files`,
      )
    }
    const path = join(folder, name)
    return [path, await readFile(path)]
  }
  const [imagesPath, images] = await read('images')
  const [labelsPath, classes] = await read('labels')
  return idxDataset(images, classes, fashionMnistLabels, [imagesPath, labelsPath])
}
