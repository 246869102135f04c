import { readdir } from 'node:fs/promises'
import { basename } from 'node:path'
import { imagenetPreprocess, MobileOneError, type Preprocess } from '@mobileone/core'
import {
  type BatchSource,
  balance,
  batchSource,
  type Dataset,
  fashionMnistPreprocess,
  measureMeanStd,
  type Recipe,
  ruleAtSize,
  split,
} from '@mobileone/train'
import { fashionMnist, idxFolder, imageFolder } from '@mobileone/train/node'
import { refuseFlags, UsageError } from '../command.ts'
import { interrupted } from '../session.ts'

export interface DataFlags {
  readonly dataset?: string | undefined
  readonly validation?: string | undefined
  readonly 'hold-out'?: number | undefined
  readonly balance: boolean
}

export interface OpenedData {
  readonly train: Dataset
  /** Measured after each epoch. */
  readonly validation?: Dataset
  /** Measured once, at the end. */
  readonly test?: Dataset
  /** How images are prepared, where the data set says. */
  readonly fixed?: Preprocess
  readonly mean: readonly number[]
  readonly std: readonly number[]
  /** Half of the pictures have a shorter side of at most so many pixels. */
  readonly shorterSide: number
  readonly source: string
}

export interface TrainingData extends OpenedData {
  readonly preprocess: Preprocess
}

/**
 * The data set the flags name: `fashion-mnist`, a folder of IDX files, or a folder of pictures in the layout of ImageNet, with
 * `train` and `val` (or `test`) beneath it or the classes themselves. Where pictures are held out, those of `val` are the test.
 */
export async function openData(flags: DataFlags, recipe: Recipe): Promise<OpenedData> {
  const { dataset: name } = flags
  if (name === undefined)
    throw new UsageError('tell what to train on: --dataset fashion-mnist, or a folder of pictures by class')
  if (flags['hold-out']) refuseFlags(flags, ['validation'], 'is not for use with --hold-out; leave one out')
  const opened = await openSets(name, flags)
  const [held, rest] = holdOut(opened.train, flags, recipe)
  const validation = held ?? opened.validation
  const test = opened.test ?? (held && opened.validation)
  const train = flags.balance ? balance(rest, { seed: recipe.seed }) : rest
  return {
    train,
    ...(validation && { validation }),
    ...(test && { test }),
    ...(await look(train, opened.preprocess)),
    source: opened.source,
  }
}

/**
 * `data` as it will be seen at the size of `recipe`: the rule of ImageNet, but pictures that are not much larger than what is
 * cut out of them are not made larger for it.
 */
export function prepareData(data: OpenedData, recipe: Recipe): TrainingData {
  const { fixed, shorterSide, mean, std, train } = data
  const size = recipe.curriculum.at(-1)?.size as readonly [number, number]
  if (fixed) return { ...data, preprocess: ruleAtSize(fixed, size) }
  const rule = imagenetPreprocess(size, train.channels)
  const resize = Math.min(rule.resize, Math.max(shorterSide, ...size))
  return { ...data, preprocess: { ...rule, resize, mean, std } }
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
    refuseFlags(flags, ['validation'], 'is for folders of pictures; --hold-out keeps images of IDX files')
    if (names && basename(name) !== 'fashion-mnist') {
      const train = await idxFolder(name, { split: 'train' })
      return { train, test: await idxFolder(name, { split: 'test', labels: train.labels }), source: name }
    }
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

async function look(
  train: Dataset,
  fixed: Preprocess | undefined,
): Promise<Pick<OpenedData, 'fixed' | 'mean' | 'std' | 'shorterSide'>> {
  const sides: number[] = []
  const image: Dataset['image'] = async (index, signal) => {
    const found = await train.image(index, signal)
    sides.push(Math.min(found.width, found.height))
    return found
  }
  if (fixed) await image(0)
  const { mean, std } =
    fixed ?? (await measureMeanStd({ ...train, image }, { limit: measured, signal: interrupted }))
  const shorterSide = sides.sort((a, b) => a - b)[Math.floor((sides.length - 1) / 2)] as number
  return { ...(fixed && { fixed }), mean, std, shorterSide }
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
