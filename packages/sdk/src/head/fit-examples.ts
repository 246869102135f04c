import { MobileOneError, type OnProgress } from '@mobileone/core'
import { fitShots, type Shot } from '../few-shot/fit.ts'
import type { Backbone } from './backbone.ts'
import { Head } from './head.ts'
import type { HeadData, HeadReport } from './head-data.ts'

/** How a head is fitted. Without `signal` and `onProgress` it can be sent to another thread. */
export interface FitOptions {
  /**
   * Strength of the L2 regularisation, for features scaled to unit length on average. Default: the best in cross-validation;
   * without that `start`'s, or 0.1.
   */
  readonly regularization?: number | undefined
  /** False saves most of the time and the estimate of the accuracy. Default true. */
  readonly crossValidate?: boolean | undefined
  /** Deals examples into the folds of cross-validation. Default 0; equal seeds and examples give equal heads. */
  readonly seed?: number | undefined
  /** An earlier head on this backbone: the last fit begins with its classes of the same labels. */
  readonly start?: HeadData | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress | undefined
}

/** @throws MobileOneError `invalid-argument`. */
export function checkRegularization(value: number | undefined): void {
  if (value !== undefined && !(value > 0 && value < Number.POSITIVE_INFINITY)) {
    throw new MobileOneError('invalid-argument', `regularization must be above 0, not ${value}`)
  }
}

/** A head for `labels` from checked examples of their classes. */
export async function fitExamples(
  shots: readonly Shot[],
  labels: readonly string[],
  backbone: Backbone,
  options: FitOptions,
): Promise<Head & { readonly report: HeadReport }> {
  const { start, crossValidate = true, seed = 0, signal, onProgress } = options
  checkRegularization(options.regularization)
  const started = performance.now()
  const regularization = options.regularization ?? (crossValidate ? undefined : start?.report?.regularization)
  const fit = await fitShots(shots, labels.length, {
    regularization,
    crossValidate,
    seed,
    start: start && rowsFor(labels, backbone.features, start),
    signal,
    onProgress,
  })
  const counts = new Array<number>(labels.length).fill(0)
  for (const shot of shots) counts[shot.class]!++
  const { crossValidation, trainingAccuracy, iterations, converged } = fit
  const report = {
    classes: labels.map((label, index) => ({ label, examples: counts[index]! })),
    trainingAccuracy,
    ...(crossValidation && { crossValidation }),
    regularization: fit.regularization,
    iterations,
    converged,
    milliseconds: performance.now() - started,
  }
  const { weight, bias } = fit
  return new Head({ labels, weight, bias, backbone, report }) as Head & { readonly report: HeadReport }
}

/** The classes of `head` in another order, zeros for new ones. */
function rowsFor(labels: readonly string[], features: number, head: HeadData) {
  const weight = new Float32Array(labels.length * features)
  const bias = new Float32Array(labels.length)
  if (head.weight.length !== head.labels.length * features) return undefined
  for (const [k, label] of labels.entries()) {
    const old = head.labels.indexOf(label)
    if (old < 0) continue
    weight.set(head.weight.subarray(old * features, (old + 1) * features), k * features)
    bias[k] = head.bias[old]!
  }
  return { weight, bias }
}
