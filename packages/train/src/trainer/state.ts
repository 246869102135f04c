import type { Model } from '@mobileone/core'
import { flatten, type Layouts } from '../gradients/parameter-layout.ts'
import type { Recipe } from '../recipe.ts'

/** Weights and statistics of a network, as the vectors of its layouts. */
export interface Vectors {
  readonly parameters: Float32Array
  readonly statistics: Float32Array
}

/** How an epoch went. Accuracies are fractions of 1. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number
  /** Mean over the epoch's batches. */
  readonly loss: number
  /** Of the training batches, as they came: augmented, in training mode. */
  readonly trainTop1: number
  /** Of the averaged weights, folded, on the validation data. */
  readonly top1?: number
  readonly learningRate: number
  readonly seconds: number
}

/** Everything a run needs to go on: its vectors and where it stands. */
export interface TrainState extends Vectors {
  readonly velocity: Float32Array
  /** Absent where the recipe has no average. */
  readonly average: Vectors | null
  /** Steps taken. */
  step: number
  /** Epoch under way, from 0. */
  epoch: number
  /** Batches of it used. */
  batch: number
  /** Sums over those batches. */
  sums: { loss: number; correct: number; images: number; seconds: number }
  history: readonly EpochRecord[]
}

/** The state before the first step from `model`'s weights. */
export function startState(model: Model, layouts: Layouts, recipe: Recipe): TrainState {
  const vectors = (): Vectors => ({
    parameters: flatten(layouts.parameters, model),
    statistics: flatten(layouts.statistics, model),
  })
  return {
    ...vectors(),
    velocity: new Float32Array(layouts.parameters.size),
    average: recipe.ema ? vectors() : null,
    step: 0,
    epoch: 0,
    batch: 0,
    sums: { loss: 0, correct: 0, images: 0, seconds: 0 },
    history: [],
  }
}
