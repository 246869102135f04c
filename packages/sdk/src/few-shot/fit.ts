import { MobileOneError, type OnProgress, random, throwIfAborted } from '@mobileone/core'
import { project, spanOf, standardization, standardize } from './features.ts'
import { applyHead, type Examples, type FittedHead, fitLogistic, softmaxInPlace } from './logistic.ts'

/** A picture as the backbone sees it: its class, and the features of each view of it, the plain one first. */
export interface Shot {
  readonly class: number
  readonly views: readonly Float32Array[]
}

export interface FitOptions {
  /** Strength of the L2 regularisation; chosen by cross-validation where absent. */
  readonly regularization?: number
  /** Deals pictures into folds. */
  readonly seed: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress | undefined
}

export interface CrossValidation {
  /** Parts the pictures were dealt into; as many as pictures when each was left out in turn. */
  readonly folds: number
  /** Pictures that were left out of training once and classified then. */
  readonly pictures: number
  /** The part of them that was right, at the regularisation chosen, which makes it a little flattering. */
  readonly accuracy: number
}

export interface HeadFit {
  /** [classes, features] for raw features, standardisation folded in. */
  readonly weight: Float32Array
  /** [classes]. */
  readonly bias: Float32Array
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
export async function fitHead(
  shots: readonly Shot[],
  classes: number,
  options: FitOptions,
): Promise<HeadFit> {
  const crossValidation =
    options.regularization === undefined ? await crossValidate(shots, classes, options) : undefined
  const regularization = options.regularization ?? crossValidation?.regularization ?? defaultRegularization
  await pause(options)
  const problem = prepare(shots, classes)
  if (problem.flat) {
    throw new MobileOneError(
      'invalid-input',
      'fewShot: the model sees no difference between the pictures; give pictures that differ',
    )
  }
  const head = fitLogistic(problem.examples, classes, regularization, tolerance)
  return {
    ...problem.unfold(head),
    regularization,
    iterations: head.iterations,
    converged: head.converged,
    trainingAccuracy:
      shots.filter((shot) => isRight(applyHead(head, problem.see(shot)), shot.class)).length / shots.length,
    crossValidation: crossValidation?.report,
  }
}

interface Problem {
  readonly examples: Examples
  readonly flat: boolean
  /** The coordinates of a picture's plain view. */
  see(shot: Shot): Float64Array
  /** A head on coordinates as one on raw features. */
  unfold(head: FittedHead): { weight: Float32Array; bias: Float32Array }
}

function prepare(shots: readonly Shot[], classes: number): Problem {
  const rows = shots.flatMap(({ views }) => views)
  const standard = standardization(rows)
  const standardized = rows.map((row) => standardize(standard, row))
  const width = standard.mean.length
  const span = 2 * rows.length < width ? spanOf(standardized) : undefined
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
): Promise<{ regularization: number; report: CrossValidation } | undefined> {
  const count = shots.length <= mostLeftOut ? shots.length : usualFolds
  const folds = await makeFolds(shots, classes, count, options)
  const pictures = folds.reduce((sum, { held }) => sum + held.length, 0)
  if (pictures === 0) return undefined

  let best = { loss: Number.POSITIVE_INFINITY, right: 0, regularization: defaultRegularization }
  let worse = 0
  for (const [index, regularization] of regularizations.entries()) {
    options.onProgress?.({ phase: 'cross-validate', done: index, total: regularizations.length })
    let loss = 0
    let right = 0
    for (const fold of folds) {
      await pause(options)
      fold.head = fitLogistic(fold.problem.examples, classes, regularization, searchTolerance, fold.head)
      for (const { class: wanted, seen } of fold.held) {
        const logits = applyHead(fold.head, seen)
        if (isRight(logits, wanted)) right++
        loss += softmaxInPlace(logits, wanted)
      }
    }
    worse = loss < best.loss ? 0 : worse + 1
    if (loss < best.loss) best = { loss, right, regularization }
    if (worse === patience) break
  }
  const report = { folds: count, pictures, accuracy: best.right / pictures }
  return { regularization: best.regularization, report }
}

async function makeFolds(
  shots: readonly Shot[],
  classes: number,
  count: number,
  options: FitOptions,
): Promise<Fold[]> {
  const dealt = dealFolds(shots, count, options.seed)
  const folds: Fold[] = []
  for (let index = 0; index < (shots.length > onceAbove ? 1 : count); index++) {
    await pause(options)
    const training = shots.filter((_, place) => dealt[place] !== index)
    const known = new Set(training.map((shot) => shot.class))
    const held = shots.filter((shot, place) => dealt[place] === index && known.has(shot.class))
    if (held.length === 0 || known.size < 2) continue
    const problem = prepare(training, classes)
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

function isRight(logits: Float64Array, wanted: number): boolean {
  return logits.indexOf(Math.max(...logits)) === wanted
}

/** Let events and aborts in between two fits, then go on or throw. */
async function pause({ signal }: FitOptions): Promise<void> {
  await new Promise<void>((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
  throwIfAborted(signal, 'training a head')
}
