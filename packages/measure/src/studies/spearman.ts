import { mean } from '../statistics.ts'
import { studentTwoSided } from './student-t.ts'

/** How well one order follows another. */
export interface RankCorrelation {
  /** Spearman's rho, from -1 to 1; NaN where there are fewer than three pairs or all of one side are alike. */
  readonly rho: number
  /** The chance of a rho as far from 0 if the orders had nothing to do with each other: two-sided, by Student's t with n - 2. */
  readonly p: number
  /** Pairs. */
  readonly n: number
}

/**
 * Spearman's rank correlation: Pearson's of the ranks, where equal values share the mean of their ranks. p as in Zar 1972 and scipy's
 * `spearmanr`.
 * @param xs as many as `ys`.
 */
export function spearman(xs: readonly number[], ys: readonly number[]): RankCorrelation {
  const n = Math.min(xs.length, ys.length)
  const rho = n < 3 ? Number.NaN : pearson(averageRanks(xs.slice(0, n)), averageRanks(ys.slice(0, n)))
  const freedom = n - 2
  const t = rho * Math.sqrt(freedom / ((1 + rho) * (1 - rho)))
  return { rho, p: studentTwoSided(t, freedom), n }
}

/** The place of each value in ascending order, from 1; equal values share the mean of their places. */
export function averageRanks(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => (values[a] as number) - (values[b] as number))
  const ranks = new Array<number>(values.length)
  for (let start = 0; start < order.length; ) {
    let end = start + 1
    while (end < order.length && values[order[end] as number] === values[order[start] as number]) end++
    for (const index of order.slice(start, end)) ranks[index] = (start + 1 + end) / 2
    start = end
  }
  return ranks
}

function pearson(xs: readonly number[], ys: readonly number[]): number {
  const [mx, my] = [mean(xs), mean(ys)]
  let xy = 0
  let xx = 0
  let yy = 0
  for (const [index, x] of xs.entries()) {
    const [dx, dy] = [x - mx, (ys[index] as number) - my]
    xy += dx * dy
    xx += dx * dx
    yy += dy * dy
  }
  return Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)))
}
