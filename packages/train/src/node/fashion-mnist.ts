import type { Dataset } from '../data/dataset.ts'
import { fashionMnistLabels, idxDataset } from '../data/idx-dataset.ts'
import { readIdxFiles } from './idx-folder.ts'

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
  const remedy =
    'install the Debian package dataset-fashion-mnist (apt install dataset-fashion-mnist), or name the folder that has the files'
  const { images, classes, paths } = await readIdxFiles(folder, split, remedy)
  return idxDataset(images, classes, fashionMnistLabels, paths)
}
