import { type CameraOptions, CameraSession, type CameraState } from '@mobileone/sdk/lifecycle'
import { type ComputedRef, type MaybeRefOrGetter, toValue } from 'vue'
import { partsOf, rawOptions, useSession } from './use-session.ts'

export type { CameraOptions } from '@mobileone/sdk/lifecycle'

/** The parts of the state of a camera, and what can be done with it. */
export interface Camera extends Pick<CameraSession, 'start' | 'stop'> {
  readonly status: ComputedRef<CameraState['status']>
  readonly stream: ComputedRef<CameraState['stream']>
  readonly video: ComputedRef<CameraState['video']>
  readonly error: ComputedRef<CameraState['error']>
  /** For the `<video>` that shows it: `<video :ref="attach" />`. */
  readonly attach: (element: unknown) => void
}

/**
 * A camera that is on between `start` and `stop` at most, and off when the component goes or is kept out of sight: `<video :ref="attach" />` shows it,
 * `video` is what `usePredictions` watches. Neither throws: `error` is a `MobileOneError` whose `reason` says why there is none.
 */
export function useCamera(options: MaybeRefOrGetter<CameraOptions> = {}): Camera {
  const session = new CameraSession()
  const state = useSession<CameraState, CameraOptions>(
    session,
    () => rawOptions(toValue(options)),
    (given) => session.open(given),
  )
  return {
    ...partsOf(state),
    attach: session.attach as Camera['attach'],
    start: session.start,
    stop: session.stop,
  }
}
