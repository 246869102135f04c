import { MobileOneError } from '@mobileone/core'

/**
 * Why there is no camera: `denied` by the user, the browser or the page's policy; `absent`: there is none; `busy`: another program has
 * it or it failed; `unsuitable`: none fits the constraints; `insecure`: pages have cameras over https and on localhost alone;
 * `ended`: it was unplugged or taken away.
 */
export type CameraFailure = 'denied' | 'absent' | 'busy' | 'unsuitable' | 'insecure' | 'ended'

const messages = {
  denied: 'the camera was denied; allow it for this page, in the browser and the system',
  absent: 'there is no camera; connect one',
  busy: 'the camera does not start; close what else uses it',
  unsuitable: 'no camera fits the constraints; use `ideal` for `exact`',
  insecure: 'there are no cameras here; serve the page over https',
  ended: 'the camera has ended; connect it and start again',
} satisfies Record<CameraFailure, string>

const failures: Readonly<Record<string, CameraFailure>> = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'absent',
  OverconstrainedError: 'unsuitable',
}

/** No camera: code `unavailable`, and the reason as a word for programs. */
export class CameraError extends MobileOneError {
  readonly reason: CameraFailure

  constructor(reason: CameraFailure, cause?: unknown) {
    super('unavailable', messages[reason], { cause })
    this.reason = reason
  }
}

/** What `getUserMedia` rejects with, as an error of this project. */
export function cameraError(cause: unknown): MobileOneError {
  if (cause instanceof MobileOneError) return cause
  if (cause instanceof TypeError) {
    return new MobileOneError('invalid-argument', `camera: ${cause.message}`, { cause })
  }
  return new CameraError(failures[(cause as Error).name] ?? 'busy', cause)
}
