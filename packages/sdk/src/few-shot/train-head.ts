import { isMobileOneError, MobileOneError, type OnProgress, throwIfAborted } from '@mobileone/core'
import { type DecodeOptions, decode, type Image, type ImageSource } from '@mobileone/vision'
import type { Backbone } from '../head/backbone.ts'
import { checkRegularization, fitExamples } from '../head/fit-examples.ts'
import type { Head } from '../head/head.ts'
import type { CrossValidation, Shot } from './fit.ts'

/** Pictures by label. JavaScript puts labels that are whole numbers first; the report tells the order of the classes. */
export type FewShotExamples = Readonly<Record<string, readonly ImageSource[]>>

/** How `fewShot` decodes pictures and fits the head. */
export interface FewShotOptions extends DecodeOptions {
  /** Learn from the mirror image of each picture too. Default false: it doubles the time and seldom helps. */
  readonly mirror?: boolean
  /**
   * Strength of the L2 regularisation, for features scaled to unit length on average. Default: the best in
   * cross-validation; 0.1 where no class has two pictures.
   */
  readonly regularization?: number
  /** Deals pictures into the folds of cross-validation. Default 0; equal seeds and pictures give equal heads. */
  readonly seed?: number
  readonly onProgress?: OnProgress
}

/** How a head was trained, and what to expect of it. */
export interface FewShotReport {
  /** In class order. */
  readonly classes: readonly { readonly label: string; readonly pictures: number }[]
  /** The part of the training pictures that the head gets right: usually 1, and no promise. */
  readonly trainingAccuracy: number
  /** Absent where the regularisation was given or no class has two pictures. */
  readonly crossValidation?: CrossValidation
  readonly regularization: number
  readonly iterations: number
  /** False where the fit stopped before the gradient was small enough. */
  readonly converged: boolean
  readonly milliseconds: { readonly embed: number; readonly fit: number }
}

/** What training needs of a classifier. */
export interface Embedder {
  readonly backbone: Backbone
  /** Pictures the executor takes at once. */
  readonly batch: number
  embed(images: readonly Image[], options: DecodeOptions): Promise<Float32Array[]>
}

/** Train a head on pictures: their features once each, then logistic regression. See `Classifier.fewShot`. */
export async function trainHead(
  embedder: Embedder,
  examples: FewShotExamples,
  options: FewShotOptions = {},
): Promise<{ readonly head: Head; readonly report: FewShotReport }> {
  const pictures = listPictures(examples)
  const labels = Object.keys(examples)
  const { mirror = false, regularization, seed, onProgress, ...decoding } = options
  checkRegularization(regularization)
  const { signal } = options
  const started = performance.now()
  const shots = await embedPictures(embedder, pictures, mirror, decoding, onProgress)
  const embed = performance.now() - started
  const head = await fitExamples(shots, labels, embedder.backbone, {
    regularization,
    crossValidate: regularization === undefined,
    seed,
    signal,
    onProgress,
  })
  const { classes, milliseconds, ...rest } = head.report
  return {
    head,
    report: {
      ...rest,
      classes: classes.map(({ label, examples }) => ({ label, pictures: examples })),
      milliseconds: { embed, fit: milliseconds },
    },
  }
}

interface Picture {
  readonly name: string
  readonly class: number
  readonly source: ImageSource
}

function listPictures(examples: FewShotExamples): Picture[] {
  const fail = (message: string): never => {
    throw new MobileOneError('invalid-argument', `fewShot: ${message}`)
  }
  const classes = Object.entries(examples)
  if (classes.length < 2) {
    fail(
      `there ${classes.length === 1 ? 'is one class' : 'are no classes'}; give pictures of two or more, such as { cats: [...], others: [...] }`,
    )
  }
  return classes.flatMap(([label, sources], index) => {
    const quoted = JSON.stringify(label)
    if (!Array.isArray(sources)) fail(`the pictures of ${quoted} must be a list`)
    if (sources.length === 0) fail(`the class ${quoted} has no pictures; give at least one`)
    return sources.map((source, place) => ({ name: `picture ${place} of ${quoted}`, class: index, source }))
  })
}

async function embedPictures(
  embedder: Embedder,
  pictures: readonly Picture[],
  mirror: boolean,
  options: DecodeOptions,
  onProgress: OnProgress | undefined,
): Promise<Shot[]> {
  const shots: Shot[] = []
  const load = (start: number): Promise<Image[]> =>
    Promise.all(
      pictures.slice(start, start + embedder.batch).map((picture) =>
        decode(picture.source, options).catch((error: unknown) => {
          if (!isMobileOneError(error) || error.code === 'aborted') throw error
          throw new MobileOneError(error.code, `fewShot: ${picture.name}: ${error.message}`, { cause: error })
        }),
      ),
    )
  let next: Promise<Image[]> | undefined = load(0)
  for (let start = 0; next; start += embedder.batch) {
    const images = await next
    next = start + embedder.batch < pictures.length ? load(start + embedder.batch) : undefined
    next?.catch(() => {})
    throwIfAborted(options.signal, 'embedding the pictures')
    const plain = await embedder.embed(images, options)
    const mirrored = mirror ? await embedder.embed(images.map(mirrorImage), options) : undefined
    for (const [index, features] of plain.entries()) {
      const picture = pictures[start + index] as Picture
      const views = mirrored ? [features, mirrored[index] as Float32Array] : [features]
      if (!views.every((view) => view.every(Number.isFinite))) {
        throw new MobileOneError(
          'invalid-input',
          `fewShot: the features of ${picture.name} are not finite; check the model's weights`,
        )
      }
      shots.push({ class: picture.class, views })
    }
    onProgress?.({ phase: 'embed', done: shots.length, total: pictures.length })
  }
  return shots
}

function mirrorImage(image: Image): Image {
  const { width, height, channels, data } = image
  const mirrored = new Uint8Array(data.length)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * channels
      mirrored.set(data.subarray(from, from + channels), (y * width + width - 1 - x) * channels)
    }
  }
  return { width, height, channels, data: mirrored }
}
