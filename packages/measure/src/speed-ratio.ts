import { random } from '@mobileone/core'
import type { Report, Result } from './result.ts'
import { median } from './statistics.ts'

/** How many times as long one took as the other, with the bounds of the 95 % confidence interval. */
export interface SpeedRatio {
  readonly ratio: number
  readonly low: number
  readonly high: number
}

const resamples = 1000

/**
 * Median of `samples` over median of `base`, with the 95 % percentile bootstrap interval (Efron 1979; Efron and Tibshirani 1993,
 * chapter 13). Where both have as many samples, these are of the same rounds and are drawn in pairs, so that what slowed a whole round
 * down does not widen the interval. Equal samples give equal bounds.
 * @returns undefined where either has none.
 */
export function speedRatio(samples: readonly number[], base: readonly number[]): SpeedRatio | undefined {
  if (samples.length === 0 || base.length === 0) return undefined
  const draw = random(1)
  const paired = samples.length === base.length
  const places = (count: number): number[] =>
    Array.from({ length: count }, () => Math.min(count - 1, Math.floor(draw.next() * count)))
  const pick = (values: readonly number[], from: readonly number[]): number[] =>
    from.map((place) => values[place] as number)
  const ratios = Array.from({ length: resamples }, () => {
    const first = places(samples.length)
    const second = paired ? first : places(base.length)
    return median(pick(samples, first)) / median(pick(base, second))
  }).sort((a, b) => a - b)
  const at = (share: number): number => ratios[Math.round(share * (resamples - 1))] as number
  return { ratio: median(samples) / median(base), low: at(0.025), high: at(0.975) }
}

/**
 * The headline figure of `result` over that of `base`, by which a protocol ranks. The interval is that of medians; of the least of many runs, or a
 * mean without the outermost, there is none, and its bounds are the ratio.
 * @returns undefined where either has no such figure.
 */
export function headlineRatio(
  result: Result,
  base: Result,
  headline: Report['protocol']['headline'],
): SpeedRatio | undefined {
  if (headline === 'medianMs') return speedRatio(result.samples, base.samples)
  const [ms, baseMs] = [result[headline], base[headline]]
  if (ms === null || baseMs === null) return undefined
  return { ratio: ms / baseMs, low: ms / baseMs, high: ms / baseMs }
}
