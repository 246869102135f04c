import { largestLevel } from '../../model/integer-weight.ts'
import type { Histogram } from './statistics.ts'

const share = 0.999
/** How much of the difference between channels the steps follow: 1 gives each its own range, 0 all the same. */
const alpha = 0.75
/** Channels that are all but silent count as this much of the loudest. */
const floor = 0.01
/** From so many values on the percentile is seen; below, it is that of a normal distribution, if that is more than the largest seen. */
const enough = 1 / (1 - share)
const deviations = 3.1

/**
 * What one of 127 steps of each input channel is worth: (p / largest p)^0.75 of the largest p over 127, p the 99.9th percentile of the channel
 * as the float network makes it. Quieter channels get more room than they need, so that the weights behind loud ones keep their bits.
 */
export function inputSteps(histograms: readonly Histogram[]): Float32Array {
  const reach = histograms.map((histogram) => {
    if (histogram.total >= enough) return histogram.percentile(share)
    return Math.max(histogram.most, histogram.mean + deviations * histogram.deviation)
  })
  const most = reach.reduce((largest, value) => Math.max(largest, value), 0) || 1
  return Float32Array.from(reach, (value) => (most * Math.max(value / most, floor) ** alpha) / largestLevel)
}
