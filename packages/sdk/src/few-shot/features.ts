import { dot } from './dot.ts'

/** `z = (x - mean) * scale`, per feature. */
export interface Standardization {
  readonly mean: Float64Array
  readonly scale: Float64Array
  /** True when the rows differ by no more than rounding; the scale is 0 then. */
  readonly flat: boolean
}

/**
 * Pictures as heavy as the data in the estimate of each feature's variance, all with the average variance: the variance of a
 * handful of numbers says little.
 */
const priorPictures = 10
/** Least average variance, beside the average square. */
const rounding = 1e-10

/**
 * Mean 0 for every feature, and a scale that makes the features' variances about equal and the expected squared length of a
 * row 1, so that one regularisation suits every width of backbone.
 */
export function standardization(rows: readonly ArrayLike<number>[]): Standardization {
  const count = rows.length
  const features = rows[0]?.length ?? 0
  const mean = new Float64Array(features)
  const variance = new Float64Array(features)
  for (const row of rows) for (let j = 0; j < features; j++) mean[j]! += row[j]! / count
  for (const row of rows) for (let j = 0; j < features; j++) variance[j]! += (row[j]! - mean[j]!) ** 2 / count
  const average = variance.reduce((sum, value) => sum + value, 0) / features
  const flat = !(average > (rounding * dot(mean, mean)) / features)
  const scale = variance.map((value) => {
    const shrunk = (count * value + priorPictures * average) / (count + priorPictures)
    return flat ? 0 : 1 / Math.sqrt(shrunk * features)
  })
  return { mean, scale, flat }
}

export function standardize({ mean, scale }: Standardization, row: ArrayLike<number>): Float64Array {
  return mean.map((centre, j) => (row[j]! - centre) * scale[j]!)
}

/** Coordinates of rows in an orthonormal basis of the space they span. */
export interface Span {
  /** [rank][features]. */
  readonly basis: readonly Float64Array[]
  readonly coordinates: readonly Float64Array[]
}

const dependent = 1e-9
/** What is left of a row, beside the row, below which rounding spoils the first pass. */
const cancelled = 0.1

/**
 * Gram-Schmidt, a row orthogonalised twice where the first pass leaves little of it (Daniel et al. 1976). With fewer rows than features a linear head fits in
 * these few coordinates exactly as in all: the rest of its weights, on which no row depends, is zero at the optimum.
 */
export async function spanOf(rows: readonly Float64Array[], pace?: () => Promise<void>): Promise<Span> {
  const basis: Float64Array[] = []
  const triangle: number[][] = []
  for (const row of rows) {
    await pace?.()
    const rest = Float64Array.from(row)
    const own = new Array<number>(basis.length).fill(0)
    const whole = Math.sqrt(dot(row, row))
    let length = whole
    for (let pass = 0; pass < 2; pass++) {
      for (const [index, direction] of basis.entries()) {
        const along = dot(rest, direction)
        own[index]! += along
        for (let j = 0; j < rest.length; j++) rest[j]! -= along * direction[j]!
      }
      length = Math.sqrt(dot(rest, rest))
      if (length > cancelled * whole) break
    }
    if (length > dependent * whole) {
      basis.push(rest.map((value) => value / length))
      own.push(length)
    }
    triangle.push(own)
  }
  const coordinates = triangle.map((own) => {
    const padded = new Float64Array(basis.length)
    padded.set(own)
    return padded
  })
  return { basis, coordinates }
}

/** Coordinates of a row that may lie outside the span, where the head is blind. */
export function project(basis: readonly Float64Array[], row: Float64Array): Float64Array {
  return Float64Array.from(basis, (direction) => dot(direction, row))
}
