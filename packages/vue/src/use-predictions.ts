import type { Classifier, WatchSource } from '@mobileone/sdk'
import { type PredictionOptions, PredictionSession, type PredictionState } from '@mobileone/sdk/lifecycle'
import { type ComputedRef, type MaybeRefOrGetter, toRaw, toValue } from 'vue'
import { partsOf, rawOptions, useSession } from './use-session.ts'

export type { PredictionOptions, PredictionState } from '@mobileone/sdk/lifecycle'

/** The parts of what is found in a video. */
export interface Predictions {
  readonly status: ComputedRef<PredictionState['status']>
  readonly predictions: ComputedRef<PredictionState['predictions']>
  readonly frame: ComputedRef<PredictionState['frame']>
  readonly error: ComputedRef<PredictionState['error']>
}

/**
 * What `classifier.watch` finds in a video, a camera or another supply of pictures, as it comes; it stops when the component
 * goes, starts anew with another classifier, source or options, and waits while one of the first two is missing.
 */
export function usePredictions(
  classifier: MaybeRefOrGetter<Classifier | undefined | null>,
  source: MaybeRefOrGetter<WatchSource | undefined | null>,
  options: MaybeRefOrGetter<PredictionOptions> = {},
): Predictions {
  const session = new PredictionSession()
  const state = useSession<PredictionState, readonly [...Parameters<PredictionSession['open']>]>(
    session,
    () => [toRaw(toValue(classifier)), toRaw(toValue(source)), rawOptions(toValue(options))],
    (given) => session.open(...given),
  )
  return partsOf(state)
}
