import { MobileOneError } from '@mobileone/core'
import type { Prediction } from '@mobileone/sdk'
import scores from './expected-scores.json' with { type: 'json' }
import type { WorkloadNetwork } from './networks.ts'

/** Scores may differ from the reference's by this share of them. */
const tolerance = 1e-2
/** As many of the best are checked; the last ones of a list may change places with what is not in it. */
const checked = 3

/** The best classes of the workload's picture, by the naive reference: index and score, best first. */
export const expectedScores: Readonly<Record<WorkloadNetwork, readonly (readonly number[])[]>> = scores

/** @throws MobileOneError `wrong-result` where `predictions` are not those of the reference. */
export function checkScores(network: WorkloadNetwork, predictions: readonly Prediction[]): void {
  for (const [index = 0, score = 0] of expectedScores[network].slice(0, checked)) {
    const found = predictions.find((each) => each.index === index)
    if (!found || !(Math.abs(found.score - score) <= tolerance * score)) {
      throw new MobileOneError(
        'wrong-result',
        `wrong: class ${index} has the score ${found?.score.toFixed(6) ?? '(not among the best)'}, the reference gives it ${score.toFixed(6)}`,
      )
    }
  }
}
