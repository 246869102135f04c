/** Largest |a - b| over max(1, |b|); a NaN only matches a NaN, an infinity only itself. */
export function distance(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  let worst = 0
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!]
    if (Object.is(x, y) || x === y) continue
    const gap = Math.abs(x - y) / Math.max(1, Math.abs(y))
    worst = Math.max(worst, Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap)
  }
  return worst
}
