import type { MobileOneError } from '@mobileone/core'
import { CameraError, cameraError } from './camera-error.ts'
import { sameOptions } from './same-options.ts'
import { Store } from './store.ts'

export interface CameraOptions {
  /** Which camera, and how it is to record. Default: the rear one where there are two, 640x480. */
  readonly constraints?: MediaTrackConstraints
  /** Start without being asked to, which may open the browser's prompt for permission. Default false. */
  readonly autoStart?: boolean
}

export type CameraStatus = 'idle' | 'starting' | 'live' | 'error'

export interface CameraState {
  readonly status: CameraStatus
  /** While it is live. */
  readonly stream: MediaStream | undefined
  /** The element that shows it, while it is live: what `classifier.watch` takes. */
  readonly video: HTMLVideoElement | undefined
  /** A {@link CameraError}, or `invalid-argument` for constraints that are none. */
  readonly error: MobileOneError | undefined
}

const nothing = { stream: undefined, video: undefined, error: undefined }
const idle: CameraState = { ...nothing, status: 'idle' }
const usual: MediaTrackConstraints = {
  facingMode: 'environment',
  width: { ideal: 640 },
  height: { ideal: 480 },
}

/** A camera that is on between `start` and `stop`, and the element that shows it. Every track it was given is stopped. */
export class CameraSession extends Store<CameraState> {
  #options: CameraOptions | undefined
  #video: HTMLVideoElement | undefined
  #starting: Promise<void> | undefined
  /** Another one for each start, none while it is off. */
  #turn: object | undefined

  constructor() {
    super(idle)
  }

  /** Take these options: a camera that is on begins anew with other constraints; one that starts by itself does. */
  open(options: CameraOptions = {}): void {
    const before = this.#options
    this.#options = options
    if (!before) {
      if (options.autoStart) void this.start()
    } else if (this.#turn && !sameOptions(before.constraints, options.constraints)) {
      this.stop()
      void this.start()
    }
  }

  /** Stop, and forget the options. */
  readonly close = (): void => {
    this.#options = undefined
    this.stop()
  }

  /** Ask for the camera and show it. Resolves when the state says how that went; rejects never. */
  readonly start = (): Promise<void> => {
    if (!this.#turn) {
      const turn = {}
      this.#turn = turn
      this.publish({ ...nothing, status: 'starting' })
      this.#starting = this.#start(turn)
    }
    return this.#starting ?? Promise.resolve()
  }

  /** Turn the camera off, or give up starting it. */
  readonly stop = (): void => this.#end(idle)

  /** Show the camera in `video`, now and later; in none for null. */
  readonly attach = (video: HTMLVideoElement | null): void => {
    if ((video ?? undefined) === this.#video) return
    if (this.#video) this.#video.srcObject = null
    this.#video = video ?? undefined
    const { stream } = this.getState()
    if (stream) this.#show(stream)
  }

  async #start(turn: object): Promise<void> {
    try {
      // What is stopped at once, as React does to everything in strict mode, asks nobody.
      await undefined
      if (turn !== this.#turn) return
      const devices = globalThis.navigator?.mediaDevices
      if (!devices) throw new CameraError('insecure')
      const stream = await devices.getUserMedia({ video: this.#options?.constraints ?? usual })
      if (turn !== this.#turn) return stopTracks(stream)
      for (const track of stream.getTracks()) {
        track.onended = () => {
          if (turn === this.#turn) this.#fail(new CameraError('ended'))
        }
      }
      this.#show(stream)
    } catch (cause) {
      if (turn === this.#turn) this.#fail(cameraError(cause))
    }
  }

  #show(stream: MediaStream): void {
    const video = this.#video
    this.publish({ status: 'live', stream, video, error: undefined })
    if (!video) return
    // Without these, phones show nothing, or a full screen of it.
    video.muted = video.playsInline = true
    video.srcObject = stream
    video.play().catch(() => {})
  }

  #fail(error: MobileOneError): void {
    this.#end({ ...nothing, status: 'error', error })
  }

  #end(state: CameraState): void {
    this.#turn = undefined
    const { stream } = this.getState()
    if (stream) stopTracks(stream)
    if (this.#video) this.#video.srcObject = null
    this.publish(state)
  }
}

function stopTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}
