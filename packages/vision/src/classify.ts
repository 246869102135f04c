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

/** One class and its score. */
export interface Prediction {
  /** Of the class, from 0. */
  readonly index: number
  /** From the labels given, otherwise `class 17`. */
  readonly label: string
  /** 0 to 1 after softmax or sigmoid. */
  readonly score: number
}

/** Which classes become predictions. */
export interface RankOptions {
  /** One per class, in class order: `model.card.labels`, or `imagenetLabels`. */
  readonly labels?: readonly string[]
  /** Predictions per image, best first. 5 by default; `Infinity` for all. */
  readonly topK?: number
  /** Leave out predictions that score below this. */
  readonly threshold?: number
  /**
   * Classes to choose from, by label (all that bear it) or index; the others lose their place, not their part of the scores: the
   * softmax is over all classes. Default: all.
   */
  readonly allow?: readonly (string | number)[]
  /** Classes to leave out, by label or index, also where `allow` has them. */
  readonly deny?: readonly (string | number)[]
}

/** What turns raw output into scores. */
export type Activation = 'softmax' | 'sigmoid' | 'none'

/** How a picture is prepared, run and ranked. */
export interface ClassifyOptions extends ImageRunOptions, RankOptions {
  /** `softmax` by default, `sigmoid` for several labels at once, `none` for raw output. */
  readonly activation?: Activation
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
  options: RankOptions & Pick<ClassifyOptions, 'activation'> = {},
): Prediction[] {
  return rank(activate(logits, options.activation), options)
}

/**
 * The best of `scores`, one per class.
 * @throws MobileOneError `invalid-argument` for labels that are not one per class, a class in `allow` or `deny` that does not
 * exist, a threshold or `topK` that is no number; `invalid-input` for a score that is NaN.
 */
export function rank(scores: ArrayLike<number>, options: RankOptions = {}): Prediction[] {
  const { labels, threshold = Number.NEGATIVE_INFINITY } = options
  if (labels && labels.length !== scores.length) {
    throw new MobileOneError(
      'invalid-argument',
      `there are ${labels.length} labels for ${scores.length} classes; pass one label per class`,
    )
  }
  if (Number.isNaN(threshold))
    throw new MobileOneError('invalid-argument', 'threshold must be a number, not NaN')
  const kept = keptClasses(scores.length, options)
  return topK(kept ? kept.map((index) => scores[index] as number) : scores, options.topK ?? 5)
    .filter(({ score }) => score >= threshold)
    .map(({ index: place, score }) => {
      const index = kept?.[place] ?? place
      return { index, label: labels?.[index] ?? `class ${index}`, score }
    })
}

/** The indices that `allow` and `deny` leave; undefined where there is neither. */
function keptClasses(count: number, { labels, allow, deny }: RankOptions): number[] | undefined {
  if (!allow && !deny) return undefined
  const allowed = allow && indicesOf('allow', allow, count, labels)
  const denied = deny && indicesOf('deny', deny, count, labels)
  return Array.from({ length: count }, (_, index) => index).filter(
    (index) => (allowed?.has(index) ?? true) && !denied?.has(index),
  )
}

function indicesOf(
  option: 'allow' | 'deny',
  classes: readonly (string | number)[],
  count: number,
  labels: readonly string[] = [],
): Set<number> {
  const named = new Set(classes)
  const found = new Set<number>()
  for (let index = 0; index < count; index++) {
    if (named.has(index) || named.has(labels[index] as string)) found.add(index)
  }
  const known = new Set<unknown>(labels)
  const stranger = classes.find((each) => (typeof each === 'number' ? !found.has(each) : !known.has(each)))
  if (stranger !== undefined) {
    throw new MobileOneError(
      'invalid-argument',
      `${option}: there is no class ${JSON.stringify(stranger)}; give labels as they are spelt${labels.length > 0 ? '' : ' (there are none here)'}, or indices from 0 to ${count - 1}`,
    )
  }
  return found
}

/**
 * Raw output of one image as scores.
 * @throws MobileOneError `invalid-argument` for an activation of no such name.
 */
export function activate(logits: ArrayLike<number>, activation: Activation = 'softmax'): ArrayLike<number> {
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
