import { MobileOneError } from '@mobileone/core'
import type { CameraConstraints } from './camera-constraints.ts'

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

/** No camera: code `unavailable`, and `reason`, a word for programs. */
export class CameraError extends MobileOneError {
  readonly reason: CameraFailure

  constructor(reason: CameraFailure, cause?: unknown) {
    super('unavailable', messages[reason], { cause })
    this.reason = reason
  }
}

/** What fits any page: the rear camera where there are two, at about what networks look at. */
const usual: CameraConstraints = {
  facingMode: 'environment',
  width: { ideal: 640 },
  height: { ideal: 480 },
}

/**
 * The stream of a camera. `onEnded` is called when it is taken away, not when it is stopped.
 * @throws CameraError; MobileOneError `invalid-argument` for constraints that are none.
 */
export async function openCamera(
  constraints: CameraConstraints = usual,
  onEnded: (error: CameraError) => void = () => {},
): Promise<MediaStream> {
  const devices = globalThis.navigator?.mediaDevices
  if (!devices) throw new CameraError('insecure')
  try {
    const stream = await devices.getUserMedia({ video: constraints as MediaTrackConstraints })
    for (const track of stream.getTracks()) track.onended = () => onEnded(new CameraError('ended'))
    return stream
  } catch (cause) {
    if (cause instanceof TypeError) {
      throw new MobileOneError('invalid-argument', `camera: ${cause.message}`, { cause })
    }
    throw new CameraError(failures[(cause as Error).name] ?? 'busy', cause)
  }
}
