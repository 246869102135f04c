/**
 * Two-sided p of Student's t: the chance that |T| is at least |t| with `freedom` degrees of freedom, which is the regularised incomplete
 * beta function I_x(freedom / 2, 1 / 2) at x = freedom / (freedom + t^2) (DLMF 8.17, Abramowitz and Stegun 26.5.27).
 * @returns NaN where t is NaN or there is no degree of freedom.
 */
export function studentTwoSided(t: number, freedom: number): number {
  if (Number.isNaN(t) || !(freedom > 0)) return Number.NaN
  const square = t * t
  return square === Number.POSITIVE_INFINITY
    ? 0
    : incompleteBeta(freedom / (freedom + square), freedom / 2, 0.5)
}

/** The regularised incomplete beta function I_x(a, b), of x in [0, 1] and positive a and b. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  // Where the continued fraction converges quickly; I_x(a, b) = 1 - I_(1-x)(b, a) elsewhere (DLMF 8.17.4).
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a)
  const logFront = a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b)
  return (Math.exp(logFront) / a) * betaFraction(x, a, b)
}

/** The continued fraction of DLMF 8.17.22 by Lentz's method. */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300
  const term = (index: number): number => {
    const m = Math.floor(index / 2)
    return index % 2 === 0
      ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
      : (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
  }
  let numerator = 1
  let denominator = 0
  let value = 1
  for (let index = 1; index <= 1000; index++) {
    const coefficient = term(index)
    denominator = 1 / (1 + coefficient * denominator || tiny)
    numerator = 1 + coefficient / numerator || tiny
    const step = numerator * denominator
    value *= step
    if (Math.abs(step - 1) < 1e-15) break
  }
  return 1 / value
}

const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const

/** Of positive x: Lanczos' approximation with g = 7 and nine terms (Godfrey 2001), good to 15 digits. */
function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x)
  const shifted = x - 1
  const base = shifted + 7.5
  const sum = lanczos.reduce(
    (total, term, index) => total + (index === 0 ? term : term / (shifted + index)),
    0,
  )
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(base) - base + Math.log(sum)
}
