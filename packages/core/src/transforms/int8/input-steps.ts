import { float16ToFloat32, float32ToFloat16 } from '../../half.ts'
import { largestLevel } from '../../model/integer-weight.ts'
import type { Histogram } from './statistics.ts'

/** Shares of the values of a channel that its levels may reach. */
export const reaches: readonly number[] = [0.99, 0.995, 0.998, 0.999, 0.9999]
/** The best of most layers. */
export const usualReach = 0.999
/** How much of the difference between channels the steps follow: 1 gives each its own range, 0 all the same. */
const alpha = 0.75
/** Channels that are all but silent count as this much of the loudest. */
const floor = 0.01
/** Where too few values were seen for a percentile, it is that of a normal distribution, if that is more than the largest seen. */
const deviations = 3.1

/**
 * What one of 127 steps of each input channel is worth: (p / largest p)^0.75 of the largest p over 127, p the value that `reach` of those
 * of the channel do not exceed as the float network makes them. Quieter channels get more room than they need, so that the weights behind loud ones keep their bits.
 * Rounded up to float16, which files hold in half the bytes.
 */
export function inputSteps(histograms: readonly Histogram[], reach: number): Float32Array {
  const enough = 1 / (1 - reach)
  const limits = histograms.map((histogram) => {
    if (histogram.total >= enough) return histogram.percentile(reach)
    return Math.max(histogram.most, histogram.mean + deviations * histogram.deviation)
  })
  const most = limits.reduce((largest, value) => Math.max(largest, value), 0) || 1
  return upToFloat16(
    Float32Array.from(limits, (value) => (most * Math.max(value / most, floor) ** alpha) / largestLevel),
  )
}

/** The next float16 that is no smaller; values outside of its normal range as they are. */
function upToFloat16(values: Float32Array): Float32Array {
  const halves = float32ToFloat16(values)
  const near = float16ToFloat32(halves)
  const next = float16ToFloat32(halves.map((half) => half + 1))
  return values.map((value, index) => {
    if (value < 2 ** -14 || value > 65504) return value
    return (near[index] as number) >= value ? (near[index] as number) : (next[index] as number)
  })
}
