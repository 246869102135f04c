import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MobileOneError } from '@mobileone/core'
import type { Dataset } from '../data/dataset.ts'
import { type PictureDatasetOptions, pictureDataset } from '../data/picture-dataset.ts'

/** How the pictures of a folder are read, and which sub-folders are classes. */
export interface ImageFolderOptions extends PictureDatasetOptions {
  /** The classes, in order, for a folder that may lack some of them: `labels` of the training set. By default all sub-folders, sorted. */
  readonly labels?: readonly string[]
}

const pictures = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i

/**
 * A folder in the layout of ImageNet: one sub-folder per class, which is its label, with pictures at any depth. Names that
 * begin with a dot are left out. Decoding needs the package `sharp`.
 * @throws MobileOneError `invalid-file` when the folder cannot be read, has no classes, or a class has no pictures.
 */
export async function imageFolder(folder: string, options: ImageFolderOptions = {}): Promise<Dataset> {
  const { labels: given, ...decoding } = options
  const found = (await list(folder)).filter(({ isFolder }) => isFolder).map(({ name }) => name)
  if (found.length === 0) {
    throw new MobileOneError(
      'invalid-file',
      `${folder} has no sub-folders; put the pictures of each class into a folder named after it`,
    )
  }
  const unknown = given && found.find((name) => !given.includes(name))
  if (unknown !== undefined) {
    throw new MobileOneError(
      'invalid-file',
      `${join(folder, unknown)} is none of the ${given?.length} classes given`,
    )
  }
  const labels = given ?? found
  const paths: string[] = []
  const classes: number[] = []
  for (const name of found) {
    const own = await picturesIn(join(folder, name), 0)
    if (own.length === 0) {
      throw new MobileOneError(
        'invalid-file',
        `${join(folder, name)} holds no pictures (JPEG, PNG, WebP, GIF, TIFF or AVIF); add some, or remove the folder`,
      )
    }
    const label = labels.indexOf(name)
    for (const path of own) {
      paths.push(path)
      classes.push(label)
    }
  }
  return pictureDataset(paths, classes, labels, decoding)
}

const deepest = 8

async function picturesIn(folder: string, depth: number): Promise<string[]> {
  const found: string[] = []
  for (const { name, isFolder } of await list(folder)) {
    const path = join(folder, name)
    if (!isFolder && pictures.test(name)) found.push(path)
    else if (isFolder && depth < deepest) {
      for (const each of await picturesIn(path, depth + 1)) found.push(each)
    }
  }
  return found
}

/** Entries sorted by name, links followed, hidden ones left out. */
async function list(folder: string): Promise<{ name: string; isFolder: boolean }[]> {
  try {
    const entries = (await readdir(folder, { withFileTypes: true })).filter(
      ({ name }) => !name.startsWith('.'),
    )
    const found = entries.map(async (entry) => ({
      name: entry.name,
      isFolder: entry.isSymbolicLink()
        ? (await stat(join(folder, entry.name))).isDirectory()
        : entry.isDirectory(),
    }))
    return (await Promise.all(found)).sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (cause) {
    throw new MobileOneError(
      'invalid-file',
      `cannot read the folder ${folder}: ${(cause as Error).message}`,
      {
        cause,
      },
    )
  }
}
