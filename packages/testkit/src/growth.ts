/** Whether something grows: not responsible for what is looked at, or when. */

/** How much may be added while it is watched: a share of what was there, or an amount where that is more. */
export interface Allowance {
  readonly share: number
  readonly amount: number
}

/** One thing that grew, and how: the ends of the line that was laid through the settled samples. */
export interface Growth<Name extends string = string> {
  readonly what: Name
  readonly from: number
  readonly to: number
}

/** Fewer samples tell nothing. */
export const fewestSamples = 4

/**
 * What grew over the last two thirds of `samples`, which are taken after equal amounts of work: the line with the median of the slopes of
 * all pairs (Theil 1950, Sen 1968), which a third of wild samples does not move, rises by more than `allowed`. The first third is
 * left out, since caches fill and code is compiled in it. What is not known of every sample is not judged.
 * @throws RangeError for fewer than {@link fewestSamples}.
 */
export function growthOf<Name extends string>(
  samples: readonly Readonly<Record<Name, number | undefined>>[],
  allowed: Readonly<Record<Name, Allowance>>,
): Growth<Name>[] {
  if (samples.length < fewestSamples)
    throw new RangeError(`${samples.length} samples are too few to tell growth: at least ${fewestSamples}`)
  const settled = samples.slice(Math.floor(samples.length / 3))
  return (Object.keys(allowed) as Name[]).flatMap((what) => {
    const values = settled.map((sample) => sample[what]).filter((value) => value !== undefined)
    if (values.length < settled.length) return []
    const slope = median(
      values.flatMap((value, index) =>
        values.slice(index + 1).map((later, distance) => (later - value) / (distance + 1)),
      ),
    )
    const from = median(values.map((value, index) => value - slope * index))
    const rise = slope * (values.length - 1)
    const { share, amount } = allowed[what]
    return rise > Math.max(share * from, amount) ? [{ what, from, to: from + rise }] : []
  })
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length / 2
  return ((sorted[Math.ceil(half) - 1] as number) + (sorted[Math.floor(half)] as number)) / 2
}
