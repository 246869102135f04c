import type { MobileOneError } from '@mobileone/core'
import type { CameraConstraints } from './camera-constraints.ts'
import type { CameraError } from './open-camera.ts'
import { sameOptions } from './same-options.ts'
import { coded, Store } from './store.ts'

/** Which camera is asked for, and when. */
export interface CameraOptions {
  /** Which camera, and how it is to record. Default: the rear one where there are two, 640x480. */
  readonly constraints?: CameraConstraints
  /** Start without being asked to, which may open the browser's prompt for permission. Default false. */
  readonly autoStart?: boolean
}

/** How far opening the camera is. */
export type CameraStatus = 'idle' | 'starting' | 'live' | 'error'

/** What a page shows of its camera now. */
export interface CameraState {
  readonly status: CameraStatus
  /** While it is live. */
  readonly stream: MediaStream | undefined
  /** The element that shows it, while it is live: what `classifier.watch` takes. */
  readonly video: HTMLVideoElement | undefined
  /** Its `reason` says why there is no camera; absent from `invalid-argument`, for constraints that are none. */
  readonly error: (MobileOneError & Partial<Pick<CameraError, 'reason'>>) | undefined
}

const idle: CameraState = { status: 'idle', stream: undefined, video: undefined, error: undefined }

/** A camera that is on between `start` and `stop`, and the element that shows it. Every track it was given is stopped. */
export class CameraSession extends Store<CameraState> {
  /** Undefined before it is opened, null once it is closed. */
  #options: CameraOptions | null | undefined
  #video: HTMLVideoElement | null = null
  #starting = Promise.resolve()
  /** Another one for each start, none while it is off. */
  #turn: object | undefined

  constructor() {
    super(idle)
  }

  /** Take these options: a camera that is on begins anew with other constraints; one that starts by itself does. */
  open(options: CameraOptions = {}): void {
    const before = this.#options
    this.#options = options
    const isAnother = this.#turn && !sameOptions(before?.constraints, options.constraints)
    if (isAnother) this.stop()
    if (isAnother || (!before && options.autoStart)) void this.start()
  }

  /** Stop, and forget the options: until it is opened again, no camera is asked for. */
  readonly close = (): void => {
    this.#options = null
    this.stop()
  }

  /** Ask for the camera and show it. Resolves when the state says how that went; rejects never. */
  readonly start = (): Promise<void> => {
    if (!this.#turn) {
      const turn = {}
      this.#turn = turn
      this.publish({ status: 'starting' })
      this.#starting = this.#start(turn)
    }
    return this.#starting
  }

  /** Turn the camera off, or give up starting it. */
  readonly stop = (): void => this.#end({})

  /** Show the camera in `video`, now and later; in none for null. */
  readonly attach = (video: HTMLVideoElement | null): void => {
    if (video === this.#video) return
    this.#clear()
    this.#video = video
    const { stream } = this.getState()
    if (stream) this.#show(stream)
  }

  async #start(turn: object): Promise<void> {
    const isOn = (): boolean => turn === this.#turn
    const fail = (error: CameraState['error']): void => {
      if (isOn()) this.#end({ status: 'error', error })
    }
    try {
      const { openCamera } = await import('./open-camera.ts')
      // What is stopped at once, as React does to everything in strict mode, asks nobody.
      if (!isOn()) return
      // A component's children may start it just before the component opens it.
      if (this.#options === null) return this.#end({})
      const stream = await openCamera(this.#options?.constraints, fail)
      if (isOn()) this.#show(stream)
      else stopTracks(stream)
    } catch (cause) {
      fail(coded(cause))
    }
  }

  #show(stream: MediaStream): void {
    const video = this.#video
    this.publish({ status: 'live', stream, video: video ?? undefined })
    if (!video) return
    // Without these, phones show nothing, or a full screen of it.
    video.muted = video.playsInline = true
    video.srcObject = stream
    video.play().catch(() => {})
  }

  #end(state: Partial<CameraState>): void {
    this.#turn = undefined
    const { stream } = this.getState()
    if (stream) stopTracks(stream)
    this.#clear()
    this.publish(state)
  }

  #clear(): void {
    if (this.#video) this.#video.srcObject = null
  }
}

function stopTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}
