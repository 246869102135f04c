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
  const factor = await cholesky(conditioned(moments), size, pace)
  const levels = new Int8Array(values.length)
  const components = new Float64Array(size)
  for (let row = 0; row < scales.length; row++) {
    await pace()
    const [start, step, zero] = [row * size, scales[row] as number, fixed(row)]
    components.fill(0)
    for (let column = size - 1; column >= 0; column--) {
      const own = column * size
      const value = values[start + column] as number
      const wanted = (value + (components[column] as number) / (factor[own + column] as number)) / step
      const level = column === zero ? 0 : Math.max(-largestLevel, Math.min(largestLevel, Math.round(wanted)))
      levels[start + column] = level
      const error = value - level * step
      for (let other = 0; other < column; other++) {
        components[other] = (components[other] as number) + (factor[own + other] as number) * error
      }
    }
  }
  return levels
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

/** Lower triangular L with L L^T = `matrix`, of which the lower triangle is read, in its place. */
async function cholesky(
  matrix: Float64Array,
  size: number,
  pace: () => Promise<void>,
): Promise<Float64Array> {
  for (let row = 0; row < size; row++) {
    await pace()
    const own = row * size
    for (let column = 0; column <= row; column++) {
      const other = column * size
      let sum = matrix[own + column] as number
      for (let at = 0; at < column; at++) {
        sum -= (matrix[own + at] as number) * (matrix[other + at] as number)
      }
      matrix[own + column] =
        row === column ? Math.sqrt(Math.max(sum, Number.MIN_VALUE)) : sum / (matrix[other + column] as number)
    }
  }
  return matrix
}
