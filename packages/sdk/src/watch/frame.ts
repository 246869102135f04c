import type { ImageSource } from '@mobileone/vision'

/** One picture of a video. */
export interface Frame {
  readonly image: ImageSource
  /** Milliseconds on the clock of the source. */
  readonly timestamp: number
  readonly width?: number
  readonly height?: number
  /** Frames passed over between the one taken before and this one. */
  readonly dropped: number
  /** Give back what it holds. Called once, after its run. */
  close(): void
}

/**
 * Where frames come from, on the thread that has them; not responsible for when they are wanted or where they are run. One `next` at
 * a time.
 */
export interface FrameSource {
  /** The newest frame not taken yet, as soon as there is one; undefined after the last one and after `stop`. */
  next(): Promise<Frame | undefined>
  /** Let go of the source and of a frame that waits. Safe to call twice. */
  stop(): void
}
