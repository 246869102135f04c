/** The value below which `share` of `values` lie, by linear interpolation between order statistics. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const position = (sorted.length - 1) * share
  const below = Math.floor(position)
  const [low = Number.NaN, high = low] = [sorted[below], sorted[below + 1]]
  return low + (high - low) * (position - below)
}

/** The middle value, or the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** Arithmetic mean; NaN of none. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** `values` in order, without the `count` lowest and the `count` highest; at least one is kept. */
export function trimmed(values: readonly number[], count: number): number[] {
  const sorted = [...values].sort((a, b) => a - b)
  const cut = Math.min(count, Math.floor((sorted.length - 1) / 2))
  return sorted.slice(cut, sorted.length - cut)
}
