import type { TrainEvent } from '@mobileone/train'
import { formatCount, progressBar } from '../terminal.ts'

export interface TrainingProgress {
  step(event: Extract<TrainEvent, { type: 'step' }>, epochs: number): void
  /** Take the bar away: something else is written now. */
  end(): void
}

/** Milliseconds between two lines where there is no terminal. */
const interval = 30_000

/** Where a run stands: on a terminal a bar that moves, elsewhere a line every half minute. */
export function trainingProgress(
  stream: Pick<NodeJS.WriteStream, 'isTTY' | 'write'> = process.stderr,
  now: () => number = Date.now,
): TrainingProgress {
  const bar = progressBar()
  let written = now()
  return {
    step({ step, steps, epoch, loss, imagesPerSecond, secondsLeft }, epochs) {
      const phase = `epoch ${epoch}/${epochs} loss ${loss.toFixed(3)} ${Math.round(imagesPerSecond)} images/s ${formatDuration(secondsLeft)} left`
      if (stream.isTTY) return bar.onProgress({ phase, done: step, total: steps })
      if (now() - written < interval) return
      written = now()
      stream.write(`  ${phase}, step ${formatCount(step)} of ${formatCount(steps)}\n`)
    },
    end: bar.end,
  }
}

/** `40 s`, `7 min`, `3.5 h`, `12 days`. */
export function formatDuration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`
  const hours = seconds / 3600
  if (hours < 48) return `${hours < 10 ? hours.toFixed(1) : Math.round(hours)} h`
  return `${formatCount(Math.round(hours / 24))} days`
}
