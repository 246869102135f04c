import { dot } from './dot.ts'
import { type MinimizeOptions, minimize, type Objective } from './lbfgs.ts'

/** Rows of features with the class and the weight of each. */
export interface Examples {
  readonly count: number
  readonly features: number
  /** [count, features], row-major. */
  readonly x: Float64Array
  /** Class index of each row. */
  readonly y: Int32Array
  /** Weight of each row in the loss; they sum to 1. */
  readonly weight: Float64Array
}

/** `logits = x w^T + b`. */
export interface LinearHead {
  readonly classes: number
  /** [classes, features], row-major. */
  readonly w: Float64Array
  /** [classes]. */
  readonly b: Float64Array
}

export interface FittedHead extends LinearHead {
  readonly iterations: number
  readonly converged: boolean
}

const maxIterations = 1000

/**
 * Multinomial logistic regression: the head with the least `sum of weight * cross-entropy + regularization / 2 * |w|^2`. The
 * biases are free. `tolerance` bounds every element of the gradient.
 */
export async function fitLogistic(
  examples: Examples,
  classes: number,
  regularization: number,
  options: Pick<MinimizeOptions, 'tolerance' | 'pace'>,
  start?: LinearHead,
): Promise<FittedHead> {
  const size = classes * examples.features
  const parameters = new Float64Array(size + classes)
  if (start) {
    parameters.set(start.w)
    parameters.set(start.b, size)
  }
  const objective = logisticLoss(examples, classes, regularization)
  const { x, iterations, converged } = await minimize(objective, parameters, {
    ...options,
    maxIterations,
  })
  return { classes, w: x.subarray(0, size), b: x.subarray(size), iterations, converged }
}

/** The loss as a function of [w, b], one array. */
export function logisticLoss(examples: Examples, classes: number, regularization: number): Objective {
  const { count, features, x, y, weight } = examples
  const size = classes * features
  const logits = new Float64Array(classes)
  return (parameters, gradient) => {
    let loss = 0
    for (let i = 0; i < size; i++) {
      const value = parameters[i]!
      loss += 0.5 * regularization * value * value
      gradient[i] = regularization * value
    }
    gradient.fill(0, size)
    for (let row = 0; row < count; row++) {
      const from = row * features
      for (let k = 0; k < classes; k++) {
        logits[k] = parameters[size + k]! + dot(parameters, x, k * features, from, features)
      }
      loss += weight[row]! * softmaxInPlace(logits, y[row]!)
      for (let k = 0; k < classes; k++) {
        const error = weight[row]! * (logits[k]! - Number(k === y[row]))
        gradient[size + k]! += error
        for (let j = 0, p = k * features; j < features; j++, p++) gradient[p]! += error * x[from + j]!
      }
    }
    return loss
  }
}

/** Logits to probabilities; returns the cross-entropy of `target`. */
export function softmaxInPlace(logits: Float64Array, target: number): number {
  let max = Number.NEGATIVE_INFINITY
  for (let k = 0; k < logits.length; k++) max = Math.max(max, logits[k]!)
  const wanted = logits[target]!
  let sum = 0
  for (let k = 0; k < logits.length; k++) sum += logits[k] = Math.exp(logits[k]! - max)
  for (let k = 0; k < logits.length; k++) logits[k]! /= sum
  return Math.log(sum) + max - wanted
}

/** Logits of one row. */
export function applyHead(head: LinearHead, x: Float64Array): Float64Array {
  const features = x.length
  const logits = Float64Array.from(head.b)
  for (let k = 0; k < head.classes; k++) logits[k]! += dot(head.w, x, k * features, 0, features)
  return logits
}
