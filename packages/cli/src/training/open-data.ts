import { readdir } from 'node:fs/promises'
import { imagenetPreprocess, MobileOneError, type Preprocess } from '@mobileone/core'
import {
  type BatchSource,
  balance,
  batchSource,
  type Dataset,
  fashionMnistPreprocess,
  measureMeanStd,
  type Recipe,
  split,
} from '@mobileone/train'
import { fashionMnist, imageFolder } from '@mobileone/train/node'
import { UsageError } from '../command.ts'
import { interrupted } from '../session.ts'

export interface DataFlags {
  readonly dataset?: string | undefined
  readonly validation?: string | undefined
  readonly 'hold-out'?: number | undefined
  readonly balance: boolean
}

export interface TrainingData {
  readonly train: Dataset
  /** Measured after each epoch. */
  readonly validation?: Dataset
  /** Measured once, at the end. */
  readonly test?: Dataset
  readonly preprocess: Preprocess
  readonly source: string
}

/**
 * The data set the flags name: `fashion-mnist`, a folder of its IDX files, or a folder of pictures in the layout of ImageNet,
 * with `train` and `val` (or `test`) beneath it or the classes themselves.
 */
export async function openData(flags: DataFlags, recipe: Recipe): Promise<TrainingData> {
  const { dataset: name } = flags
  if (name === undefined)
    throw new UsageError('tell what to train on: --dataset fashion-mnist, or a folder of pictures by class')
  const opened = await openSets(name, flags)
  const [held, rest] = holdOut(opened.train, flags, recipe)
  const validation = opened.validation ?? held
  const train = flags.balance ? balance(rest, { seed: recipe.seed }) : rest
  return {
    train,
    ...(validation && { validation }),
    ...(opened.test && { test: opened.test }),
    preprocess: opened.preprocess ?? (await measure(train, recipe)),
    source: opened.source,
  }
}

interface OpenedSets {
  readonly train: Dataset
  readonly validation?: Dataset
  readonly test?: Dataset
  readonly preprocess?: Preprocess
  readonly source: string
}

async function openSets(name: string, flags: DataFlags): Promise<OpenedSets> {
  const names = name === 'fashion-mnist' ? undefined : await listFolder(name)
  if (!names || names.some((each) => /^train-images[-.]idx3-ubyte(\.gz)?$/.test(each))) {
    const folder = names ? { folder: name } : {}
    return {
      train: await fashionMnist({ split: 'train', ...folder }),
      test: await fashionMnist({ split: 'test', ...folder }),
      preprocess: fashionMnistPreprocess,
      source: names ? name : 'Fashion-MNIST (MIT licence, Zalando SE)',
    }
  }
  const nested = names.includes('train')
  const train = await imageFolder(nested ? `${name}/train` : name)
  const beside = nested ? validationFolder(names) : undefined
  const other = flags.validation ?? (beside && `${name}/${beside}`)
  const options = { labels: train.labels }
  return {
    train,
    ...(other && { validation: await imageFolder(other, options) }),
    source: name,
  }
}

/** Which of the folders beside `train` holds the pictures to measure accuracy on. */
export function validationFolder(names: readonly string[]): string | undefined {
  return ['val', 'validation', 'test'].find((name) => names.includes(name))
}

function holdOut(
  dataset: Dataset,
  flags: DataFlags,
  recipe: Recipe,
): [held: Dataset | undefined, rest: Dataset] {
  const count = flags['hold-out']
  if (count === undefined || count === 0) return [undefined, dataset]
  if (!(count > 0))
    throw new UsageError(`--hold-out is a number of images or a fraction below 1, not ${count}`)
  const part = count < 1 ? { fraction: count } : { count: Math.round(count) }
  return split(dataset, { seed: recipe.seed, balanced: true, ...part })
}

/** Pictures looked at for mean and standard deviation: enough for three digits. */
const measured = 5000

async function measure(train: Dataset, recipe: Recipe): Promise<Preprocess> {
  const size = recipe.curriculum.at(-1)?.size as readonly [number, number]
  const { mean, std } = await measureMeanStd(train, { limit: measured, signal: interrupted })
  return { ...imagenetPreprocess(size, train.channels), mean, std }
}

/** The names in a folder. @throws MobileOneError `invalid-file` where it cannot be read. */
export async function listFolder(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (cause) {
    throw new MobileOneError(
      'invalid-file',
      `cannot read the folder ${folder}: ${(cause as Error).message}`,
      { cause },
    )
  }
}

export function trainingBatches({ train, preprocess }: TrainingData, recipe: Recipe): BatchSource {
  return batchSource(train, { preprocess, augmentation: recipe.augmentation })
}

export function evaluationBatches(dataset: Dataset, { preprocess }: TrainingData): BatchSource {
  return batchSource(dataset, { preprocess })
}
