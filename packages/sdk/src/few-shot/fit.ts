import { createPacer, MobileOneError, type OnProgress, random, throwIfAborted } from '@mobileone/core'
import { dot } from './dot.ts'
import { project, spanOf, standardization, standardize } from './features.ts'
import {
  applyHead,
  type Examples,
  type FittedHead,
  fitLogistic,
  type LinearHead,
  softmaxInPlace,
} from './logistic.ts'

/** An example as the backbone sees it: its class, and the features of each view of it, the plain one first. */
export interface Shot {
  readonly class: number
  readonly views: readonly Float32Array[]
}

export interface FitOptions {
  /** Strength of the L2 regularisation; chosen by cross-validation where absent. */
  readonly regularization?: number | undefined
  /** Default: where no regularisation is given. */
  readonly crossValidate?: boolean | undefined
  /** A head for raw features to start from: fewer iterations to the same head. */
  readonly start?: RawHead | undefined
  /** Deals pictures into folds. */
  readonly seed: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress | undefined
}

/** How well a head does on pictures that it has not been trained with. */
export interface CrossValidation {
  /** Parts the pictures were dealt into; as many as pictures when each was left out in turn. */
  readonly folds: number
  /** Pictures that were left out of training once and classified then. */
  readonly pictures: number
  /** The part of them that was right, at the regularisation chosen, which makes it a little flattering. */
  readonly accuracy: number
  /** How many of them were of a class (row) and taken for a class (column), in class order. */
  readonly confusion: readonly (readonly number[])[]
}

/** A head for raw features, standardisation folded in. */
export interface RawHead {
  /** [classes, features]. */
  readonly weight: Float32Array
  /** [classes]. */
  readonly bias: Float32Array
}

export interface HeadFit extends RawHead {
  readonly regularization: number
  readonly iterations: number
  readonly converged: boolean
  /** The part of the training pictures that the head gets right. */
  readonly trainingAccuracy: number
  readonly crossValidation: CrossValidation | undefined
}

/** From strong to weak, so that each fit starts at the one before. */
export const regularizations: readonly number[] = [1, 0.1, 0.01, 1e-3, 1e-4, 1e-5]
/** Where no class has two pictures there is nothing to validate on. */
export const defaultRegularization = 0.1

const mostLeftOut = 40
const usualFolds = 5
const onceAbove = 200
/** Weaker regularisations to try in vain before giving up. */
const patience = 2
const tolerance = 1e-7
const searchTolerance = 1e-4

/**
 * Fit a linear head to the features of some pictures: standardise, fit multinomial logistic regression in which every class
 * counts the same, fold the standardisation into the head. Float64 until the last rounding.
 */
export async function fitShots(
  shots: readonly Shot[],
  classes: number,
  options: FitOptions,
): Promise<HeadFit> {
  const { start } = options
  const pacer = createPacer(options.signal, 'fitting a head')
  const pace: Pace = () => {
    throwIfAborted(options.signal, 'fitting a head')
    return pacer()
  }
  const crossValidation =
    (options.crossValidate ?? options.regularization === undefined)
      ? await crossValidate(shots, classes, options, pace)
      : undefined
  const regularization = options.regularization ?? crossValidation?.regularization ?? defaultRegularization
  const problem = await prepare(shots, classes, pace)
  if (problem.flat) {
    throw new MobileOneError(
      'invalid-input',
      'the model sees no difference between the pictures; give pictures that differ',
    )
  }
  const from = start && problem.fold(start)
  const head = await fitLogistic(problem.examples, classes, regularization, { tolerance, pace }, from)
  return {
    ...problem.unfold(head),
    regularization,
    iterations: head.iterations,
    converged: head.converged,
    trainingAccuracy:
      shots.filter((shot) => bestOf(applyHead(head, problem.see(shot))) === shot.class).length / shots.length,
    crossValidation: crossValidation?.report,
  }
}

interface Problem {
  readonly examples: Examples
  readonly flat: boolean
  /** The coordinates of a picture's plain view. */
  see(shot: Shot): Float64Array
  /** A head on coordinates as one on raw features. */
  unfold(head: LinearHead): RawHead
  /** The other way round, as far as the examples tell. */
  fold(head: RawHead): LinearHead
}

type Pace = () => Promise<void>

async function prepare(shots: readonly Shot[], classes: number, pace: Pace): Promise<Problem> {
  const rows = shots.flatMap(({ views }) => views)
  const standard = standardization(rows)
  const standardized = rows.map((row) => standardize(standard, row))
  const width = standard.mean.length
  const span = 2 * rows.length < width ? await spanOf(standardized, pace) : undefined
  const coordinates = span?.coordinates ?? standardized
  const features = span ? span.basis.length : width

  const x = new Float64Array(rows.length * features)
  for (const [index, row] of coordinates.entries()) x.set(row, index * features)
  const perClass = new Array<number>(classes).fill(0)
  for (const shot of shots) perClass[shot.class]!++
  const present = perClass.filter((count) => count > 0).length
  const y = Int32Array.from(shots.flatMap((shot) => shot.views.map(() => shot.class)))
  const weight = Float64Array.from(
    shots.flatMap((shot) => shot.views.map(() => 1 / (present * perClass[shot.class]! * shot.views.length))),
  )
  return {
    examples: { count: rows.length, features, x, y, weight },
    flat: standard.flat,
    see(shot) {
      const row = standardize(standard, shot.views[0]!)
      return span ? project(span.basis, row) : row
    },
    unfold(head) {
      const weight = new Float32Array(classes * width)
      const bias = new Float32Array(classes)
      for (let k = 0; k < classes; k++) {
        const own = head.w.subarray(k * features, (k + 1) * features)
        const full = span ? combine(span.basis, own, width) : own
        let shift = head.b[k]!
        for (let j = 0; j < width; j++) {
          const w = full[j]! * standard.scale[j]!
          weight[k * width + j] = w
          shift -= w * standard.mean[j]!
        }
        bias[k] = shift
      }
      return { weight, bias }
    },
    fold({ weight, bias }) {
      const w = new Float64Array(classes * features)
      const b = Float64Array.from(bias)
      for (let k = 0; k < classes; k++) {
        const own = Float64Array.from(weight.subarray(k * width, (k + 1) * width))
        b[k]! += dot(own, standard.mean)
        const scaled = own.map((value, j) => value / (standard.scale[j]! || Number.POSITIVE_INFINITY))
        w.set(span ? project(span.basis, scaled) : scaled, k * features)
      }
      return { classes, w, b }
    },
  }
}

function combine(basis: readonly Float64Array[], factors: Float64Array, width: number): Float64Array {
  const sum = new Float64Array(width)
  for (const [index, direction] of basis.entries()) {
    for (let j = 0; j < width; j++) sum[j]! += factors[index]! * direction[j]!
  }
  return sum
}

interface Fold {
  readonly problem: Problem
  readonly held: readonly { readonly class: number; readonly seen: Float64Array }[]
  head: FittedHead | undefined
}

/**
 * The regularisation with the least cross-entropy on pictures left out of training: each in turn up to 40 pictures, 5 folds
 * beyond, one of those 5 beyond 200. From strong to weak until that stops helping. Undefined where no class keeps a picture
 * to train on when one is left out.
 */
async function crossValidate(
  shots: readonly Shot[],
  classes: number,
  options: FitOptions,
  pace: Pace,
): Promise<{ regularization: number; report: CrossValidation } | undefined> {
  const candidates = options.regularization === undefined ? regularizations : [options.regularization]
  const count = shots.length <= mostLeftOut ? shots.length : usualFolds
  const folds = await makeFolds(shots, classes, count, options.seed, pace)
  const pictures = folds.reduce((sum, { held }) => sum + held.length, 0)
  if (pictures === 0) return undefined

  let best: { loss: number; regularization: number; confusion: number[][] } | undefined
  let worse = 0
  for (const [index, regularization] of candidates.entries()) {
    options.onProgress?.({ phase: 'cross-validate', done: index, total: candidates.length })
    let loss = 0
    const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
    for (const fold of folds) {
      await pace()
      const search = { tolerance: searchTolerance, pace }
      fold.head = await fitLogistic(fold.problem.examples, classes, regularization, search, fold.head)
      for (const { class: wanted, seen } of fold.held) {
        const logits = applyHead(fold.head, seen)
        confusion[wanted]![bestOf(logits)]!++
        loss += softmaxInPlace(logits, wanted)
      }
    }
    const isBetter = !best || loss < best.loss
    worse = isBetter ? 0 : worse + 1
    if (isBetter) best = { loss, regularization, confusion }
    if (worse === patience) break
  }
  const { regularization, confusion } = best!
  const right = confusion.reduce((sum, row, k) => sum + row[k]!, 0)
  return { regularization, report: { folds: count, pictures, accuracy: right / pictures, confusion } }
}

async function makeFolds(
  shots: readonly Shot[],
  classes: number,
  count: number,
  seed: number,
  pace: Pace,
): Promise<Fold[]> {
  const dealt = dealFolds(shots, count, seed)
  const folds: Fold[] = []
  for (let index = 0; index < (shots.length > onceAbove ? 1 : count); index++) {
    const training = shots.filter((_, place) => dealt[place] !== index)
    const known = new Set(training.map((shot) => shot.class))
    const held = shots.filter((shot, place) => dealt[place] === index && known.has(shot.class))
    if (held.length === 0 || known.size < 2) continue
    const problem = await prepare(training, classes, pace)
    folds.push({
      problem,
      held: held.map((shot) => ({ class: shot.class, seen: problem.see(shot) })),
      head: undefined,
    })
  }
  return folds
}

/** The fold of each picture: every class is dealt out in turn, shuffled by `seed`. */
export function dealFolds(shots: readonly Shot[], folds: number, seed: number): number[] {
  const order = shots.map((_, index) => index)
  const source = random(seed)
  for (let i = order.length - 1; i > 0; i--) {
    const j = source.integer(0, i)
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  order.sort((a, b) => shots[a]!.class - shots[b]!.class)
  const fold = new Array<number>(shots.length)
  for (const [place, index] of order.entries()) fold[index] = place % folds
  return fold
}

function bestOf(logits: Float64Array): number {
  return logits.indexOf(Math.max(...logits))
}
