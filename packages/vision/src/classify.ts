import { MobileOneError } from '@mobileone/core'
import {
  type ImageModel,
  type ImageRunOptions,
  type ImageSources,
  type ItemResult,
  runAll,
  runEach,
} from './batches.ts'
import { isList } from './preprocess.ts'
import { sigmoid, softmax, topK } from './scores.ts'
import type { ImageSource } from './source.ts'

export interface Prediction {
  readonly index: number
  /** From the labels given, otherwise `class 17`. */
  readonly label: string
  /** 0 to 1 after softmax or sigmoid. */
  readonly score: number
}

export interface ClassifyOptions extends ImageRunOptions {
  /** One per class, in class order: `model.card.labels`, or `imagenetLabels`. */
  readonly labels?: readonly string[]
  /** Predictions per image, best first. 5 by default; `Infinity` for all. */
  readonly topK?: number
  /** Leave out predictions that score below this. */
  readonly threshold?: number
  /** What turns the output into scores. `softmax` by default, `sigmoid` for several labels at once, `none` for raw output. */
  readonly activation?: 'softmax' | 'sigmoid' | 'none'
}

/**
 * Classify one image, or a list of images into a list of results in the same order. Reads the only output, or `logits`.
 * @throws MobileOneError naming the image that cannot be decoded, or the option that does not fit the model.
 */
export function classify(
  executor: ImageModel,
  image: ImageSource,
  options: ClassifyOptions,
): Promise<Prediction[]>
export function classify(
  executor: ImageModel,
  images: readonly ImageSource[],
  options: ClassifyOptions,
): Promise<Prediction[][]>
export async function classify(
  executor: ImageModel,
  source: ImageSource | readonly ImageSource[],
  options: ClassifyOptions,
): Promise<Prediction[] | Prediction[][]> {
  const finish = (row: Float32Array): Prediction[] => predict(row, options)
  const predictions = await runAll(executor, isList(source) ? source : [source], options, ['logits'], finish)
  return isList(source) ? predictions : predictions[0]!
}

/**
 * Classify images one by one, each with a result or an error of its own, in their order: one that cannot be read or decoded
 * stops none. Errors of the options, the model or the device, and an abort, end the iteration.
 */
export function classifyEach(
  executor: ImageModel,
  images: ImageSources,
  options: ClassifyOptions,
): AsyncGenerator<ItemResult<Prediction[]>, void, undefined> {
  return runEach(executor, images, options, ['logits'], (row) => predict(row, options))
}

/** Logits of one image to predictions: the last step of {@link classify}. */
export function predict(
  logits: ArrayLike<number>,
  options: Pick<ClassifyOptions, 'labels' | 'topK' | 'threshold' | 'activation'> = {},
): Prediction[] {
  const { labels, threshold = Number.NEGATIVE_INFINITY } = options
  if (labels && labels.length !== logits.length) {
    throw new MobileOneError(
      'invalid-argument',
      `there are ${labels.length} labels for ${logits.length} classes; pass one label per class`,
    )
  }
  if (Number.isNaN(threshold))
    throw new MobileOneError('invalid-argument', 'threshold must be a number, not NaN')
  return topK(activate(logits, options.activation ?? 'softmax'), options.topK ?? 5)
    .filter(({ score }) => score >= threshold)
    .map(({ index, score }) => ({ index, label: labels?.[index] ?? `class ${index}`, score }))
}

function activate(
  logits: ArrayLike<number>,
  activation: NonNullable<ClassifyOptions['activation']>,
): ArrayLike<number> {
  switch (activation) {
    case 'softmax':
      return softmax(logits)
    case 'sigmoid':
      return sigmoid(logits)
    case 'none':
      return logits
    default:
      activation satisfies never
      throw new MobileOneError(
        'invalid-argument',
        `activation must be 'softmax', 'sigmoid' or 'none', not ${JSON.stringify(activation)}`,
      )
  }
}
