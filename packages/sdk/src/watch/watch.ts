import { MobileOneError, throwIfAborted } from '@mobileone/core'
import { activate, type ImageSource, type Prediction, rank } from '@mobileone/vision'
import type { ClassifierRunOptions, PictureOptions } from '../run-options.ts'
import type { FrameSource } from './frame.ts'
import { openFrames, type WatchSource } from './open-frames.ts'
import { isHidden, shown, sleep } from './pauses.ts'

/** How `watch` goes through frames: at which rate, how steady, and what one call of `classify` takes. */
export type WatchOptions = ClassifierRunOptions & {
  /**
   * 0 (the default) to below 1: how much of the scores before stays in those of a frame, to calm what flickers. Scores are
   * `smoothing * before + (1 - smoothing) * now`, class by class, after the activation and before `allow`, `deny`, `threshold` and
   * `topK`; those of the first frame are its own, and so are those of the first after a pause.
   */
  readonly smoothing?: number
  /** Run at most so many frames a second. Default: as many as the source has and the machine can. */
  readonly fps?: number
  /** `all` runs every picture of an iterable, for files; it waits for nothing to be dropped. Default `newest`. */
  readonly frames?: 'newest' | 'all'
  /** Whether to wait while nobody sees the page. Default `pause`. */
  readonly whileHidden?: 'pause' | 'run'
}

/** What is in one frame. */
export interface FrameResult {
  /** Best first. */
  readonly predictions: Prediction[]
  /** Milliseconds on the clock of the source: of a video its media time, of pictures when they came, by `performance.now()`. */
  readonly timestamp: number
  /** Pixels of the frame; absent where only decoding tells. */
  readonly width?: number
  readonly height?: number
  /** Frames passed over since the result before. */
  readonly dropped: number
  /** Milliseconds from taking the frame to its scores. */
  readonly ms: number
}

/** Results as frames come. Leaving a `for await` over it, or `return()`, stops it; `return()` resolves when nothing runs any more. */
export interface FrameResults {
  next(): Promise<IteratorResult<FrameResult, void>>
  return(): Promise<IteratorResult<FrameResult, void>>
  [Symbol.asyncIterator](): FrameResults
}

/** What watching needs of a classifier, on whatever thread that runs. */
export interface FrameRunner {
  readonly labels: readonly string[] | undefined
  /** Raw scores of one picture. A frame handed over to another thread may be closed here afterwards. */
  logits(image: ImageSource, options: PictureOptions): Promise<Float32Array>
}

/** Run the newest frame of `source`, one at a time, whenever the next result is asked for. See `Classifier.watch`. */
export function watch(runner: FrameRunner, source: WatchSource, options: WatchOptions = {}): FrameResults {
  checkOptions(options)
  const { signal } = options
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  const results = resultsOf(runner, source, options, stopping.signal)
  return {
    next: () => results.next(),
    return() {
      stop()
      return results.return()
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }

  async function* resultsOf(...given: Parameters<typeof run>): AsyncGenerator<FrameResult, void, undefined> {
    signal?.addEventListener('abort', stop)
    try {
      yield* run(...given)
    } finally {
      signal?.removeEventListener('abort', stop)
      stop()
    }
  }
}

async function* run(
  runner: FrameRunner,
  source: WatchSource,
  options: WatchOptions,
  stop: AbortSignal,
): AsyncGenerator<FrameResult, void, undefined> {
  const { topK, threshold, allow, deny, activation, smoothing = 0, fps, frames = 'newest', ...rest } = options
  const { whileHidden = 'pause', ...picture } = rest
  const mustWait = (): boolean => whileHidden === 'pause' && isHidden()
  const ready = async (): Promise<void> => {
    if (mustWait()) await shown(stop)
  }
  const ranking = {
    ...(runner.labels && { labels: runner.labels }),
    ...(topK !== undefined && { topK }),
    ...(threshold !== undefined && { threshold }),
    ...(allow && { allow }),
    ...(deny && { deny }),
  }
  let smoothed: Float32Array | undefined
  let earliest = 0
  let passedOver = 0
  let supply: FrameSource | undefined
  const end = (): void => supply?.stop()
  const startAnew = (): void => {
    if (mustWait()) smoothed = undefined
  }
  try {
    throwIfAborted(options.signal, 'watching')
    supply = await openFrames(source, frames, ready)
    stop.addEventListener('abort', end)
    globalThis.document?.addEventListener('visibilitychange', startAnew)
    while (!stop.aborted) {
      if (mustWait()) await shown(stop)
      const early = earliest - performance.now()
      if (early > 0) await sleep(early, stop)
      const frame = stop.aborted ? undefined : await supply.next()
      if (!frame) break
      while (frames === 'all' && mustWait() && !stop.aborted) await shown(stop)
      if (mustWait() || stop.aborted) {
        frame.close()
        passedOver += frame.dropped + 1
        continue
      }
      const { image, close: _, ...facts } = frame
      const dropped = passedOver + frame.dropped
      passedOver = 0
      const start = performance.now()
      if (fps) earliest = start + 1000 / fps
      let scores: ArrayLike<number>
      try {
        scores = activate(await runner.logits(image, picture), activation)
      } finally {
        frame.close()
      }
      smoothed = smooth(smoothed, scores, smoothing)
      const ms = performance.now() - start
      yield { predictions: rank(smoothed, ranking), ...facts, dropped, ms }
    }
    throwIfAborted(options.signal, 'watching')
  } finally {
    stop.removeEventListener('abort', end)
    globalThis.document?.removeEventListener('visibilitychange', startAnew)
    end()
  }
}

function smooth(before: Float32Array | undefined, now: ArrayLike<number>, smoothing: number): Float32Array {
  return Float32Array.from(now, (score, index) =>
    before ? smoothing * before[index]! + (1 - smoothing) * score : score,
  )
}

function checkOptions({ smoothing = 0, fps = 1, frames, whileHidden }: WatchOptions): void {
  const fail = (message: string): never => {
    throw new MobileOneError('invalid-argument', `watch: ${message}`)
  }
  if (!(smoothing >= 0 && smoothing < 1)) fail(`smoothing must be 0 to below 1, not ${smoothing}`)
  if (!(fps > 0)) fail(`fps must be above 0, not ${fps}`)
  if (frames !== undefined && frames !== 'newest' && frames !== 'all') {
    fail(`frames must be 'newest' or 'all', not ${JSON.stringify(frames)}`)
  }
  if (whileHidden !== undefined && whileHidden !== 'pause' && whileHidden !== 'run') {
    fail(`whileHidden must be 'pause' or 'run', not ${JSON.stringify(whileHidden)}`)
  }
}
