import type { Frame, FrameSource } from './frame.ts'

type Arrived = Omit<Frame, 'dropped'>

/** Holds the newest frame until it is taken: an older one is closed and counted. */
export class NewestFrame implements FrameSource {
  readonly #onStop: () => void
  #waiting: Arrived | undefined
  #dropped = 0
  #ended = false
  #error: unknown
  #wake = (): void => {}

  constructor(onStop: () => void) {
    this.#onStop = onStop
  }

  get isWaiting(): boolean {
    return this.#waiting !== undefined
  }

  /** @param missed frames the source showed without giving them. */
  put(frame: Arrived, missed = 0): void {
    if (this.#ended) {
      frame.close()
      return
    }
    if (this.#waiting) {
      this.#waiting.close()
      this.#dropped++
    }
    this.#dropped += missed
    this.#waiting = frame
    this.#wake()
  }

  /** No frame comes any more; the one that waits can still be taken. */
  end(error?: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#error = error
    this.#wake()
  }

  async next(): Promise<Frame | undefined> {
    if (!this.#waiting && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const frame = this.#waiting
    if (!frame) {
      if (this.#error !== undefined) throw this.#error
      return undefined
    }
    const dropped = this.#dropped
    this.#waiting = undefined
    this.#dropped = 0
    return { ...frame, dropped }
  }

  stop(): void {
    this.#waiting?.close()
    this.#waiting = undefined
    this.#error = undefined
    this.end()
    this.#onStop()
  }
}
