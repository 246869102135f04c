import { elementCount, MobileOneError, type Preprocess } from '@mobileone/core'
import { checkRule, type Image } from '@mobileone/vision'
import { type Augmentation, checkAugmentation } from './augmentation.ts'
import type { Batch, BatchRequest, BatchSource } from './batch.ts'
import { ruleAtSize } from './crop.ts'
import { type Dataset, exampleName } from './dataset.ts'
import { loadBatch } from './load-batch.ts'
import { type Job, prefetch } from './prefetch.ts'
import type { Preparation } from './prepare-example.ts'
import { deriveSeed, shuffle } from './seeds.ts'
import { defaultWorkers } from './start-worker.ts'
import { startWorkerPool, type WorkerPool } from './worker-pool.ts'

/** How examples become batches: prepared, changed at random, in which order, on which threads. */
export interface BatchSourceOptions {
  /** How the trained model will prepare its input; mean and standard deviation from `measureMeanStd`, or known ones. */
  readonly preprocess: Preprocess
  /** Random changes for training. Without it this is a source for evaluation: what `preprocess` of @mobileone/vision gives, bit for bit. */
  readonly augmentation?: Augmentation | undefined
  /** Another order each epoch. By default where there is an augmentation. */
  readonly shuffle?: boolean
  /** Leave out the last batch where it is not full. By default where there is an augmentation. */
  readonly dropLast?: boolean
  /**
   * Threads that decode and augment, for data sets of encoded pictures. By default one per processor but one for those,
   * at most 8, and 0 for all others, which are prepared on the calling thread. Batches do not depend on it.
   */
  readonly workers?: number
  /** Batches made before they are asked for, and so held in memory; one more than there are workers by default. */
  readonly prefetch?: number
  /** Where `@mobileone/train/data-worker` is served, bundled, for browsers whose bundler does not do that by itself. */
  readonly worker?: string | URL
}

/**
 * Batches of a data set. Which examples a batch has and how they are augmented is a function of the request alone, never of
 * batches made before.
 * @throws MobileOneError `invalid-argument` for options that make no sense; while iterating `invalid-file` or
 * `invalid-input` naming the picture that cannot be used, `aborted`, `disposed`.
 */
export function batchSource(dataset: Dataset, options: BatchSourceOptions): BatchSource {
  const settings = check(dataset, options)
  const { augmentation, preprocess, workers } = settings
  let pool: WorkerPool | undefined
  let isDisposed = false

  const makeBatch = (request: BatchRequest, order: Uint32Array, position: number): Job<Batch> => {
    const count = Math.min(request.batchSize, order.length - position)
    const preparation: Preparation = {
      rule: ruleAtSize(preprocess, request.size),
      channels: dataset.channels,
      augmentation,
      strength: request.strength,
    }
    const indices = order.subarray(position, position + count)
    const labels = Int32Array.from(indices, (index) => labelOf(dataset, index))
    const seeds = Uint32Array.from(indices, (_, i) => deriveSeed(request.seed, request.epoch, position + i))
    const names = Array.from(indices, (index) => exampleName(dataset, index))
    const shape = [count, ...request.size, dataset.channels] as const
    return async (signal: AbortSignal): Promise<Batch> => {
      if (isDisposed) throw disposed()
      if (workers > 0) {
        pool ??= startWorkerPool(workers, options.worker)
        const pictures = Array.from(indices, (index) => dataset.picture!(index))
        const images = await pool.run({ pictures, names, seeds, preparation }, signal)
        return { images, shape, labels }
      }
      const load = (i: number): Image | Promise<Image> => dataset.image(indices[i]!, signal)
      const images = await loadBatch({ load, names, seeds, preparation }, signal)
      return { images, shape, labels }
    }
  }

  return {
    examples: dataset.size,
    labels: dataset.labels,
    channels: dataset.channels,
    preprocess,
    batches(request) {
      checkRequest(request, dataset.channels)
      if (isDisposed) throw disposed()
      const order = orderOf(dataset.size, settings.shuffle, request)
      const { batchSize } = request
      const count = settings.dropLast
        ? Math.floor(order.length / batchSize)
        : Math.ceil(order.length / batchSize)
      if (count === 0) {
        throw new MobileOneError(
          'invalid-argument',
          `the data set has ${dataset.size} examples, fewer than one batch of ${batchSize}; choose a smaller batchSize, or dropLast: false`,
        )
      }
      const jobs = function* (): Generator<Job<Batch>> {
        for (let batch = request.skip ?? 0; batch < count; batch++) {
          yield makeBatch(request, order, batch * batchSize)
        }
      }
      return prefetch(jobs(), settings.prefetch, request.signal)
    },
    async dispose() {
      isDisposed = true
      await pool?.dispose()
    },
  }
}

interface Settings {
  readonly preprocess: Preprocess
  readonly augmentation: Augmentation | undefined
  readonly shuffle: boolean
  readonly dropLast: boolean
  readonly workers: number
  readonly prefetch: number
}

function check(dataset: Dataset, options: BatchSourceOptions): Settings {
  const { augmentation, preprocess } = options
  checkRule(preprocess)
  if (preprocess.mean.length !== dataset.channels) {
    throw invalid(
      `preprocess.mean has ${preprocess.mean.length} values and the images ${dataset.channels} channels; they must agree`,
    )
  }
  if (augmentation) checkAugmentation(augmentation)
  if (dataset.size < 1) throw invalid('the data set has no examples')
  const isTraining = augmentation !== undefined
  const workers = options.workers ?? (dataset.picture ? defaultWorkers() : 0)
  checkWhole('workers', workers, 256)
  if (workers > 0 && !dataset.picture) {
    throw invalid(
      'only data sets of encoded pictures (those with a function picture) can be read in workers; leave workers out',
    )
  }
  const prefetch = options.prefetch ?? workers + 1
  checkWhole('prefetch', prefetch, 4096)
  return {
    preprocess,
    augmentation,
    shuffle: options.shuffle ?? isTraining,
    dropLast: options.dropLast ?? isTraining,
    workers,
    prefetch,
  }
}

/** Whatever is checked here would otherwise end in an allocation, or in batches that are not what was asked for. */
export function checkRequest(request: BatchRequest, channels: 1 | 3): void {
  const { epoch, seed, batchSize, size, strength, skip = 0 } = request
  for (const [name, value, least] of [
    ['epoch', epoch, 0],
    ['seed', seed, Number.MIN_SAFE_INTEGER],
    ['batchSize', batchSize, 1],
    ['size[0]', size[0], 1],
    ['size[1]', size[1], 1],
    ['skip', skip, 0],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < least) {
      throw invalid(`${name} must be an integer${least >= 0 ? ` of at least ${least}` : ''}, not ${value}`)
    }
  }
  if (!(strength >= 0 && strength <= 1)) throw invalid(`strength must be in [0, 1], not ${strength}`)
  if (elementCount([batchSize, ...size, channels]) > mostElements) {
    throw invalid(`a batch of ${batchSize} images of ${size[0]}x${size[1]} does not fit into one array`)
  }
}

const mostElements = 2 ** 29

function checkWhole(name: string, value: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= 0 && value <= most) return
  throw invalid(`${name} must be an integer from 0 to ${most}, not ${value}`)
}

function orderOf(size: number, isShuffled: boolean, { seed, epoch }: BatchRequest): Uint32Array {
  const order = Uint32Array.from({ length: size }, (_, index) => index)
  return isShuffled ? shuffle(order, deriveSeed(seed, epoch)) : order
}

function labelOf(dataset: Dataset, index: number): number {
  const label = dataset.label(index)
  if (Number.isInteger(label) && label >= 0 && label < dataset.labels.length) return label
  throw new MobileOneError(
    'invalid-input',
    `${exampleName(dataset, index)} has class ${label}, but there are ${dataset.labels.length} labels`,
  )
}

function invalid(what: string): MobileOneError {
  return new MobileOneError('invalid-argument', `batches: ${what}`)
}

function disposed(): MobileOneError {
  return new MobileOneError('disposed', 'the batch source was disposed')
}
