import type { Prediction } from '../src/index.ts'

/** The share of `predictions` whose best is `label`. */
export function accuracy(predictions: readonly Prediction[][], label: string): number {
  return predictions.filter(([best]) => best?.label === label).length / predictions.length
}
