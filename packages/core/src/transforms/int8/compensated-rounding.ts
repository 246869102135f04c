import { largestLevel } from '../../model/integer-weight.ts'
import type { SecondMoments } from './second-moments.ts'

/** Of the mean variance, added to each: the factor of a matrix that is all but singular would amplify errors (GPTQ, section 4). */
const damping = 0.01

/**
 * Round rows of weights to levels one column after the other, from the last, each to the level that makes up best for the errors of those
 * before it: with C = L L^T the covariance of the inputs, a row of errors e adds noise of power e^T C e = |L^T e|^2 to a result, and each
 * column settles one component of L^T e (GPTQ, Frantar et al. 2022, arXiv 2210.17323). The mean of the noise is left to the bias.
 * @param values Rows of `moments.size` weights.
 * @param scales The step of each row.
 * @param fixed The column of each row that has to be level 0, if any: that of a diagonal that is kept apart.
 * @param pace Awaited now and then.
 */
export async function roundCompensated(
  values: Float64Array,
  scales: Float32Array,
  moments: SecondMoments,
  fixed: (row: number) => number | undefined,
  pace: () => Promise<void>,
): Promise<Int8Array> {
  const { size } = moments
  const factor = conditioned(moments)
  for (let row = 0; row < size; row++) {
    await pace()
    factorRow(factor, size, row)
  }
  const levels = new Int8Array(values.length)
  for (let row = 0; row < scales.length; row += 4) {
    await pace()
    roundFour(values, scales, row, factor, fixed, levels)
  }
  return levels
}

/** Rows `first` to `first` + 3, as far as there are so many: together they read `factor`, which no cache holds, once. */
function roundFour(
  values: Float64Array,
  scales: Float32Array,
  first: number,
  factor: Float64Array,
  fixed: (row: number) => number | undefined,
  levels: Int8Array,
): void {
  const size = values.length / scales.length
  const rows = Math.min(4, scales.length - first)
  const zeros = Array.from({ length: rows }, (_, row) => fixed(first + row))
  /** Of L^T e, four rows side by side. */
  const components = new Float64Array(4 * size)
  const errors = new Float64Array(4)
  for (let column = size - 1; column >= 0; column--) {
    const own = column * size
    for (let row = 0; row < rows; row++) {
      const step = scales[first + row] as number
      const at = (first + row) * size + column
      const value = values[at] as number
      const wanted =
        (value + (components[4 * column + row] as number) / (factor[own + column] as number)) / step
      const level =
        column === zeros[row] ? 0 : Math.max(-largestLevel, Math.min(largestLevel, Math.round(wanted)))
      levels[at] = level
      errors[row] = value - level * step
    }
    addErrors(errors, factor, own, column, components)
  }
}

/** What `errors` of column `column` add to the components of those before it. */
function addErrors(
  errors: Float64Array,
  factor: Float64Array,
  own: number,
  column: number,
  components: Float64Array,
): void {
  const a = errors[0] as number
  const b = errors[1] as number
  const c = errors[2] as number
  const d = errors[3] as number
  for (let other = 0, at = 0; other < column; other++, at += 4) {
    const part = factor[own + other] as number
    components[at] = (components[at] as number) + part * a
    components[at + 1] = (components[at + 1] as number) + part * b
    components[at + 2] = (components[at + 2] as number) + part * c
    components[at + 3] = (components[at + 3] as number) + part * d
  }
}

/**
 * The covariance with as much less of what inputs have in common as few results say little of it, and each variance raised by `damping`.
 */
function conditioned(moments: SecondMoments): Float64Array {
  const { size, count } = moments
  const matrix = moments.covariance()
  let mean = 0
  for (let row = 0; row < size; row++) mean += (matrix[row * (size + 1)] as number) / size
  const kept = count / (size + count)
  const added = mean > 0 ? damping * mean : 1
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < row; column++) {
      matrix[row * size + column] = (matrix[row * size + column] as number) * kept
    }
    matrix[row * (size + 1)] = Math.max(0, matrix[row * (size + 1)] as number) + added
  }
  return matrix
}

/**
 * Row `row` of the lower triangular L with L L^T = `matrix`, of which the lower triangle is read, in its place; the rows above are done
 * (Cholesky).
 */
function factorRow(matrix: Float64Array, size: number, row: number): void {
  const own = row * size
  for (let column = 0; column <= row; column++) {
    const other = column * size
    const sum = (matrix[own + column] as number) - dot(matrix, own, other, column)
    matrix[own + column] =
      row === column ? Math.sqrt(Math.max(sum, Number.MIN_VALUE)) : sum / (matrix[other + column] as number)
  }
}

/** Four sums, which do not wait for each other. */
function dot(values: Float64Array, a: number, b: number, count: number): number {
  let first = 0
  let second = 0
  let third = 0
  let fourth = 0
  let at = 0
  for (; at + 4 <= count; at += 4) {
    first += (values[a + at] as number) * (values[b + at] as number)
    second += (values[a + at + 1] as number) * (values[b + at + 1] as number)
    third += (values[a + at + 2] as number) * (values[b + at + 2] as number)
    fourth += (values[a + at + 3] as number) * (values[b + at + 3] as number)
  }
  for (; at < count; at++) first += (values[a + at] as number) * (values[b + at] as number)
  return first + second + third + fourth
}
