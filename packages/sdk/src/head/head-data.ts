import type { CrossValidation } from '../few-shot/fit.ts'
import type { Backbone } from './backbone.ts'

/** How a head was fitted, and what to expect of it. */
export interface HeadReport {
  /** In class order. */
  readonly classes: readonly { readonly label: string; readonly examples: number }[]
  /** The part of the examples that the head gets right: usually 1, and no promise. */
  readonly trainingAccuracy: number
  /** Absent where it was not asked for or no class has two examples. */
  readonly crossValidation?: CrossValidation
  readonly regularization: number
  readonly iterations: number
  /** False where the fit stopped before the gradient was small enough. */
  readonly converged: boolean
  readonly milliseconds: number
}

/** A linear head as plain data: what `postMessage` makes of a `Head`. `logits = weight embedding + bias`. */
export interface HeadData {
  /** One per class, in class order. */
  readonly labels: readonly string[]
  /** [classes, features], row-major. */
  readonly weight: Float32Array
  /** [classes]. */
  readonly bias: Float32Array
  /** What it was fitted on. */
  readonly backbone: Backbone
  readonly report?: HeadReport
}
