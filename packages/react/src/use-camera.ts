import { type CameraOptions, CameraSession, type CameraState } from '@mobileone/sdk/lifecycle'
import type { RefCallback } from 'react'
import { useSession } from './use-session.ts'

export type { CameraOptions } from '@mobileone/sdk/lifecycle'

/** The state of a camera, and what can be done with it. */
export interface Camera extends CameraState, Pick<CameraSession, 'start' | 'stop'> {
  /** For the `<video>` that shows it. */
  readonly ref: RefCallback<HTMLVideoElement>
}

/**
 * A camera that is on between `start` and `stop` at most, and off when the component goes: `<video ref={camera.ref} />` shows it,
 * `camera.video` is what `usePredictions` watches. Neither throws: `error` is a `MobileOneError` whose `reason` says why there is none.
 */
export function useCamera(options: CameraOptions = {}): Camera {
  const [{ attach, start, stop }, state] = useSession<CameraState, CameraSession>(
    () => new CameraSession(),
    (session) => session.open(options),
  )
  return { ...state, ref: attach, start, stop }
}
