import { MobileOneError, type Preprocess } from '@mobileone/core'
import { type Image, toGrey, toRgb } from '@mobileone/vision'
import type { Dataset } from './dataset.ts'
import { type Job, prefetch } from './prefetch.ts'

/** How many examples are looked at. */
export interface MeasureOptions {
  /** Look at this many examples, evenly spaced, rather than at all. */
  readonly limit?: number
  readonly signal?: AbortSignal
}

const decodedAhead = 3

/**
 * Mean and standard deviation of the pixels per channel, in units of 0..1, every picture weighing the same. Exact, since
 * it counts the 256 values a sample can have; to four digits, since that is what cards show.
 * @throws MobileOneError `invalid-input` when a channel has the same value everywhere, which no deviation can normalise,
 * `invalid-argument` for a limit that is no positive integer.
 */
export async function measureMeanStd(
  dataset: Dataset,
  options: MeasureOptions = {},
): Promise<Pick<Preprocess, 'mean' | 'std'>> {
  const { signal } = options
  const { channels } = dataset
  const count = Math.min(options.limit ?? dataset.size, dataset.size)
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new MobileOneError(
      'invalid-argument',
      `measureMeanStd: limit must be a positive integer, not ${options.limit}`,
    )
  }
  const weights = Array.from({ length: channels }, () => new Float64Array(256))
  const jobs = function* (): Generator<Job<Image>> {
    for (let i = 0; i < count; i++) {
      yield async (inner) => dataset.image(Math.floor((i * dataset.size) / count), inner)
    }
  }
  for await (const image of prefetch(jobs(), decodedAhead, signal)) {
    const { data } = channels === 1 ? toGrey(image) : toRgb(image)
    const share = channels / data.length
    for (const [channel, own] of weights.entries()) {
      for (let at = channel; at < data.length; at += channels) own[data[at]!]! += share
    }
  }
  const mean = weights.map(
    (own) => own.reduce((sum, weight, sample) => sum + weight * sample, 0) / count / 255,
  )
  const std = weights.map((own, channel) => {
    const centre = mean[channel]!
    return Math.sqrt(
      own.reduce((sum, weight, sample) => sum + weight * (sample / 255 - centre) ** 2, 0) / count,
    )
  })
  const round = (value: number): number => Number(value.toFixed(4))
  if (std.some((value) => round(value) === 0)) {
    throw new MobileOneError(
      'invalid-input',
      'measureMeanStd: the pixels of a channel are the same everywhere; are the pictures blank?',
    )
  }
  return { mean: mean.map(round), std: std.map(round) }
}
