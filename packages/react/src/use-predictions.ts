import type { Classifier, WatchSource } from '@mobileone/sdk'
import { type PredictionOptions, PredictionSession, type PredictionState } from '@mobileone/sdk/lifecycle'
import { useSession } from './use-session.ts'

export type { PredictionOptions, PredictionState } from '@mobileone/sdk/lifecycle'

/**
 * What `classifier.watch` finds in a video, a camera or another supply of pictures, rendered as it comes; it stops when the component
 * goes, starts anew with another classifier, source or options, and waits while one of the first two is missing.
 */
export function usePredictions(
  classifier: Classifier | undefined | null,
  source: WatchSource | undefined | null,
  options: PredictionOptions = {},
): PredictionState {
  const [, state] = useSession<PredictionState, PredictionSession>(
    () => new PredictionSession(),
    (session) => session.open(classifier, source, options),
  )
  return state
}
