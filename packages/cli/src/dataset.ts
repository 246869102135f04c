import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { MobileOneError } from '@mobileone/core'
import { type ImageSource, readIdx } from '@mobileone/vision'
import { imagenetSynsets } from '@mobileone/vision/imagenet'

export interface Example {
  /** For messages. */
  readonly name: string
  readonly image: ImageSource
  /** Class index. */
  readonly label: number
}

export interface Dataset {
  readonly count: number
  /** How the labels were found. */
  readonly labels: string
  examples(): AsyncGenerator<Example>
}

const pictures = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i
const synset = /^n\d{8}/

/**
 * The labelled pictures of a folder. A folder of IDX files (MNIST, Fashion-MNIST) gives its `t10k` set; otherwise the
 * class of a picture is told by its sub-folder (a synset, a label, or a class index) or by the synset its name begins with.
 * @throws MobileOneError `invalid-file` when there are no pictures, or naming the first one without a class.
 */
export async function openDataset(
  folder: string,
  classes: number,
  labels: readonly string[] | undefined,
): Promise<Dataset> {
  const names = await namesIn(folder)
  const idxImages = names.find((name) => /^t10k-images.*idx3-ubyte(\.gz)?$/.test(name))
  const idxLabels = names.find((name) => /^t10k-labels.*idx1-ubyte(\.gz)?$/.test(name))
  if (idxImages !== undefined && idxLabels !== undefined) {
    return openIdx(join(folder, idxImages), join(folder, idxLabels), classes)
  }
  return openFolder(folder, classes, labels)
}

/** @throws MobileOneError `invalid-file` for what is no folder, or cannot be read. */
export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((cause: Error) => {
    throw new MobileOneError('invalid-file', `cannot read the folder ${folder}: ${cause.message}`, { cause })
  })
}

async function openIdx(imagesPath: string, labelsPath: string, classes: number): Promise<Dataset> {
  const images = await readIdx(await readFile(imagesPath), imagesPath)
  const labels = await readIdx(await readFile(labelsPath), labelsPath)
  const [count = 0, height = 0, width = 0] = images.shape
  if (images.shape.length !== 3 || labels.shape.length !== 1 || labels.shape[0] !== count) {
    throw new MobileOneError(
      'invalid-file',
      `${imagesPath} has shape ${images.shape.join('x')} and ${labelsPath} ${labels.shape.join('x')}; expected N x height x width and N`,
    )
  }
  const wrong = labels.data.findIndex((label) => label >= classes)
  if (wrong >= 0) {
    throw new MobileOneError(
      'invalid-file',
      `${labelsPath}: item ${wrong} has class ${labels.data[wrong]}, the model has ${classes}`,
    )
  }
  return {
    count,
    labels: labelsPath,
    async *examples() {
      const size = height * width
      for (let index = 0; index < count; index++) {
        const data = images.data.subarray(index * size, (index + 1) * size)
        yield {
          name: `item ${index}`,
          image: { width, height, channels: 1, data },
          label: labels.data[index] as number,
        }
      }
    },
  }
}

async function openFolder(
  folder: string,
  classes: number,
  labels: readonly string[] | undefined,
): Promise<Dataset> {
  const classOf = new Map<string, number>()
  for (let index = 0; index < classes; index++) classOf.set(String(index), index)
  for (const [index, label] of (labels ?? []).entries()) classOf.set(label, index)
  if (classes === imagenetSynsets.length)
    for (const [index, name] of imagenetSynsets.entries()) classOf.set(name, index)

  const examples: { path: string; label: number }[] = []
  for (const path of await findPictures(folder)) {
    const parts = relative(folder, path).split(sep)
    const parent = parts.length > 1 ? parts[parts.length - 2] : undefined
    const prefix = synset.exec(parts[parts.length - 1] ?? '')?.[0]
    const label = classOf.get(parent ?? '') ?? classOf.get(prefix ?? '')
    if (label === undefined) {
      throw new MobileOneError(
        'invalid-file',
        `the class of ${path} is unknown: put the file in a folder named after the class, or start its name with the synset`,
      )
    }
    examples.push({ path, label })
  }
  if (examples.length === 0) {
    throw new MobileOneError('invalid-file', `there are no pictures and no t10k IDX files in ${folder}`)
  }
  return {
    count: examples.length,
    labels: 'folder and file names',
    async *examples() {
      for (const { path, label } of examples) yield { name: path, image: path, label }
    },
  }
}

/**
 * Picture files under `folder`, sorted by path, links followed.
 * @throws MobileOneError `invalid-file` naming the folder or file that cannot be looked at.
 */
export async function findPictures(folder: string): Promise<string[]> {
  const found: string[] = []
  const visit = async (path: string, depth: number): Promise<void> => {
    for (const name of (await readdir(path).catch(refuse(path))).sort()) {
      if (name.startsWith('.')) continue
      const child = join(path, name)
      if (await isFolder(child)) {
        if (depth < 4) await visit(child, depth + 1)
      } else if (pictures.test(name)) found.push(child)
    }
  }
  await visit(folder, 0)
  return found
}

/** False of a link that leads nowhere, which is told where it is read. */
async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (cause) {
    if (['ENOENT', 'ELOOP'].includes((cause as NodeJS.ErrnoException).code ?? '')) return false
    return refuse(path)(cause as Error)
  }
}

function refuse(path: string): (cause: Error) => never {
  return (cause) => {
    throw new MobileOneError('invalid-file', `cannot read ${path}: ${cause.message}`, { cause })
  }
}
