import { MobileOneError, pause, throwIfAborted } from '@mobileone/core'
import { fashionMnistLabels, fashionMnistPreprocess, measureMeanStd } from '@mobileone/train'
import { decode, readIdx, resizeAndCrop } from '@mobileone/vision'
import { datasetOf } from './dataset-of.ts'
import { type LabelledFiles, labelFiles, limits, type PlacedFile, problemOfFolder } from './folder-files.ts'
import type { Pictures, PreparedData } from './prepared-data.ts'

/** Where pictures come from. */
export type DataRequest =
  | {
      readonly kind: 'sample'
      /** Addresses of the four IDX files of Fashion-MNIST, or a part of it. */
      readonly addresses: Readonly<Record<IdxRole, string>>
    }
  | { readonly kind: 'idx'; readonly files: readonly File[] }
  | { readonly kind: 'folder'; readonly files: readonly PlacedFile[]; readonly size: number }

export type IdxRole = 'trainImages' | 'trainLabels' | 'heldImages' | 'heldLabels'

export interface LoadOptions {
  readonly onProgress?: (done: number, total: number) => void
  readonly signal?: AbortSignal | undefined
}

/** Images of IDX files that are used, evenly taken where there are more. */
const most = { train: 10_000, held: 1000 } as const

/**
 * Read, decode and shrink the pictures of `request`.
 * @throws MobileOneError `invalid-file`, `invalid-input` or `network` that says what is wrong with the files as a whole; a single picture
 * that cannot be read is in `skipped`.
 */
export async function loadPictures(request: DataRequest, options: LoadOptions = {}): Promise<PreparedData> {
  switch (request.kind) {
    case 'sample':
      return loadSample(request.addresses)
    case 'idx':
      return loadIdx(request.files)
    case 'folder':
      return loadFolder(request, options)
    default:
      return request satisfies never
  }
}

async function loadSample(addresses: Readonly<Record<IdxRole, string>>): Promise<PreparedData> {
  const fetched = async (role: IdxRole): Promise<Part> => {
    const fail = (why: string, cause?: unknown): never => {
      throw new MobileOneError(
        'network',
        `the pictures could not be fetched (${why}); check the connection and try again, or use a folder of your own`,
        { cause },
      )
    }
    const response = await fetch(addresses[role]).catch((cause: Error) => fail(cause.message, cause))
    if (!response.ok) fail(`status ${response.status}`)
    const bytes = new Uint8Array(
      await response.arrayBuffer().catch((cause: Error) => fail(cause.message, cause)),
    )
    return { name: role, ...(await readIdx(bytes, role)) }
  }
  const [trainImages, trainLabels, heldImages, heldLabels] = await Promise.all(
    (['trainImages', 'trainLabels', 'heldImages', 'heldLabels'] as const).map(fetched),
  )
  const { mean, std } = fashionMnistPreprocess
  return {
    name: 'Fashion-MNIST, a part',
    labels: fashionMnistLabels,
    size: 28,
    channels: 1,
    mean,
    std,
    train: pairUp(trainImages as Part, trainLabels as Part, most.train),
    held: pairUp(heldImages as Part, heldLabels as Part, most.held),
    mirror: true,
    skipped: [],
  }
}

interface Part {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Uint8Array
}

const isHeldName = /t10k|test|val/i

async function loadIdx(files: readonly File[]): Promise<PreparedData> {
  const parts: Part[] = []
  for (const file of files) {
    if (file.size > 200e6)
      throw new MobileOneError(
        'invalid-file',
        `${file.name} is larger than 200 MB; choose the original files`,
      )
    parts.push({ name: file.name, ...(await readIdx(new Uint8Array(await file.arrayBuffer()), file.name)) })
  }
  const find = (rank: number, isHeld: boolean): Part | undefined =>
    parts.find(({ name, shape }) => shape.length === rank && isHeldName.test(name) === isHeld)
  const [trainImages, trainLabels] = [find(3, false), find(1, false)]
  if (!trainImages || !trainLabels) {
    throw new MobileOneError(
      'invalid-input',
      `${files.map(({ name }) => name).join(', ')}: choose the file of the images and the file of the labels together, and those named t10k or test too if there are any`,
    )
  }
  const [heldImages, heldLabels] = [find(3, true), find(1, true)]
  const all = pairUp(trainImages, trainLabels, most.train)
  const [train, held] =
    heldImages && heldLabels ? [all, pairUp(heldImages, heldLabels, most.held)] : holdOut(all)
  const size = trainImages.shape[1] as number
  const classes = 1 + Math.max(...train.classes, ...held.classes)
  if (heldImages && heldImages.shape[1] !== size)
    throw new MobileOneError(
      'invalid-input',
      `${heldImages.name} has pictures of another size than ${trainImages.name}`,
    )
  const isFashion =
    classes === 10 && files.every(({ name, webkitRelativePath: path }) => /fashion/i.test(name + path))
  return withStatistics({
    name: trainImages.name,
    labels: isFashion ? fashionMnistLabels : Array.from({ length: classes }, (_, label) => `${label}`),
    size,
    channels: 1,
    train,
    held,
    mirror: isFashion,
    skipped: [],
  })
}

/** @throws MobileOneError `invalid-input` for files that do not belong together or that are no square pictures. */
function pairUp(images: Part, labels: Part, limit: number): Pictures {
  const [count = 0, height = 0, width = 0] = images.shape
  if (labels.shape[0] !== count)
    throw new MobileOneError(
      'invalid-input',
      `${images.name} has ${count} images and ${labels.name} ${labels.shape[0]} labels: they do not belong together`,
    )
  if (count < 20 || height !== width || height < 8 || height > 96)
    throw new MobileOneError(
      'invalid-input',
      `${images.name} has ${count} images of ${height} x ${width} pixels; this page takes at least 20 squares of 8 to 96 pixels`,
    )
  const taken = Math.min(count, limit)
  const area = height * width
  const pixels = new Uint8Array(taken * area)
  const classes = new Uint8Array(taken)
  for (let place = 0; place < taken; place++) {
    const index = Math.floor((place * count) / taken)
    pixels.set(images.data.subarray(index * area, (index + 1) * area), place * area)
    classes[place] = labels.data[index] as number
  }
  return { count: taken, pixels, classes }
}

async function loadFolder(
  { files: placed, size }: DataRequest & { readonly kind: 'folder' },
  { onProgress, signal }: LoadOptions,
): Promise<PreparedData> {
  const labelled = labelFiles(placed)
  const problem = problemOfFolder(labelled)
  if (problem) throw new MobileOneError('invalid-input', problem)
  const skipped: { name: string; reason: string }[] = []
  const total = labelled.files.length + labelled.held.length
  let done = 0
  const read = async (files: LabelledFiles['files']): Promise<Pictures> => {
    const pixels = new Uint8Array(files.length * size * size * 3)
    const classes: number[] = []
    for (const { file, path, label } of files) {
      throwIfAborted(signal, 'reading pictures')
      try {
        pixels.set(await decodeSmall(file, size), classes.length * size * size * 3)
        classes.push(label)
      } catch (error) {
        skipped.push({ name: path, reason: (error as Error).message })
      }
      onProgress?.(++done, total)
      await pause()
    }
    return {
      count: classes.length,
      pixels: pixels.slice(0, classes.length * size * size * 3),
      classes: Uint8Array.from(classes),
    }
  }
  const all = await read(labelled.files)
  const own = await read(labelled.held)
  for (const [label, name] of labelled.labels.entries()) {
    const count = all.classes.filter((each) => each === label).length
    if (count < 4) {
      throw new MobileOneError(
        'invalid-input',
        `of "${name}" only ${count} pictures could be read${skipped[0] ? ` (${skipped[0].name}: ${skipped[0].reason})` : ''}; give each class at least 5 pictures`,
      )
    }
  }
  const [train, held] = own.count > 0 ? [all, own] : holdOut(all)
  return withStatistics({
    name: placed[0]?.path.split('/')[0] ?? 'folder',
    labels: labelled.labels,
    size,
    channels: 3,
    train,
    held,
    mirror: true,
    skipped,
  })
}

async function decodeSmall(file: File, size: number): Promise<Uint8Array | Uint8ClampedArray> {
  if (file.size > limits.fileBytes)
    throw new MobileOneError('invalid-input', `${file.name} is larger than ${limits.fileBytes / 1e6} MB`)
  const image = await decode(file, { maxPixels: 40e6 })
  const rule = {
    size: [size, size],
    resize: size,
    interpolation: 'bilinear',
    mean: [0, 0, 0],
    std: [1, 1, 1],
  } as const
  return resizeAndCrop(image, rule).data
}

/** Every fifth picture of each class held out, at least one. */
export function holdOut(all: Pictures): [train: Pictures, held: Pictures] {
  const seen = new Map<number, number>()
  const isHeld = Array.from(all.classes, (label) => {
    const place = seen.get(label) ?? 0
    seen.set(label, place + 1)
    return place % 5 === 2
  })
  const length = all.pixels.length / all.count
  const part = (wanted: boolean): Pictures => {
    const indices = isHeld.flatMap((held, index) => (held === wanted ? [index] : []))
    const pixels = new Uint8Array(indices.length * length)
    for (const [place, index] of indices.entries())
      pixels.set(all.pixels.subarray(index * length, (index + 1) * length), place * length)
    return {
      count: indices.length,
      pixels,
      classes: Uint8Array.from(indices, (index) => all.classes[index] as number),
    }
  }
  return [part(false), part(true)]
}

async function withStatistics(data: Omit<PreparedData, 'mean' | 'std'>): Promise<PreparedData> {
  const bare = { ...data, mean: [], std: [] }
  const { mean, std } = await measureMeanStd(datasetOf(data.train, bare), { limit: 1000 })
  return { ...data, mean, std }
}
