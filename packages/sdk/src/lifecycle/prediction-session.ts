import type { MobileOneError } from '@mobileone/core'
import type { Prediction } from '@mobileone/vision'
import type { Classifier } from '../classifier.ts'
import type { WatchSource } from '../watch/open-frames.ts'
import type { FrameResult, WatchOptions } from '../watch/watch.ts'
import { sameOptions } from './same-options.ts'
import { coded, Store } from './store.ts'

/** How far watching the video is. */
export type PredictionStatus = 'idle' | 'running' | 'ended' | 'error'

/** What a page shows of what is seen now. */
export interface PredictionState {
  /** `idle` without a classifier or a source, `ended` with the video or the camera. */
  readonly status: PredictionStatus
  /** Of the newest frame, best first; empty before the first. */
  readonly predictions: readonly Prediction[]
  /** All about the newest frame. */
  readonly frame: FrameResult | undefined
  readonly error: MobileOneError | undefined
}

/** Options of `Classifier.watch`; what stops it is the session. */
export type PredictionOptions = Omit<WatchOptions, 'signal'>

const idle: PredictionState = { status: 'idle', predictions: [], frame: undefined, error: undefined }

/** What `classifier.watch` finds in one source at a time. */
export class PredictionSession extends Store<PredictionState> {
  #given: readonly [Classifier, WatchSource, PredictionOptions] | undefined
  #stop: AbortController | undefined
  #last: Promise<void> = Promise.resolve()

  constructor() {
    super(idle)
  }

  /** Watch `source`: the same goes on for the same arguments; nothing where one is missing. */
  open(
    classifier: Classifier | undefined | null,
    source: WatchSource | undefined | null,
    options: PredictionOptions = {},
  ): void {
    if (!classifier || !source) {
      this.close()
      return
    }
    const before = this.#given
    if (before?.[0] === classifier && before[1] === source && sameOptions(before[2], options)) return
    this.#stop?.abort()
    const stop = new AbortController()
    this.#stop = stop
    this.#given = [classifier, source, options]
    this.publish({ status: 'running' })
    this.#last = this.#last.then(() => this.#watch(classifier, source, options, stop.signal))
  }

  readonly close = (): void => {
    if (!this.#stop) return
    this.#stop.abort()
    this.#given = this.#stop = undefined
    this.publish()
  }

  async #watch(
    classifier: Classifier,
    source: WatchSource,
    options: PredictionOptions,
    signal: AbortSignal,
  ): Promise<void> {
    if (signal.aborted) return
    let end: Partial<PredictionState> = { status: 'ended' }
    try {
      for await (const frame of classifier.watch(source, { ...options, signal })) {
        if (signal.aborted) return
        this.publish({ status: 'running', predictions: frame.predictions, frame })
      }
    } catch (cause) {
      const error = coded(cause)
      // A classifier is disposed of before its successor comes; that is no fault.
      if (error.code !== 'disposed') end = { status: 'error', error }
    }
    if (!signal.aborted) this.publish({ ...this.getState(), ...end })
  }
}
