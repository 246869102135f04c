import { MobileOneError } from '@mobileone/core'

/** More than this, relative to the reference's largest value, is wrong. */
export const tolerance = 1e-3

/** How far an output is from the reference. */
export interface OutputError {
  readonly maxAbsError: number
  /** Over the reference's largest value. */
  readonly maxRelError: number
}

/**
 * How far `output` is from `expected`.
 * @throws MobileOneError `wrong-result` where that is more than `allowed`, over the reference's largest value, or a NaN.
 */
export function checkOutput(
  output: readonly number[],
  expected: readonly number[],
  allowed: number = tolerance,
): OutputError {
  if (output.length !== expected.length) {
    throw new MobileOneError(
      'wrong-result',
      `wrong: gave ${output.length} logits, the reference ${expected.length}`,
    )
  }
  let maxAbsError = 0
  let scale = 0
  for (const [index, value] of expected.entries()) {
    const difference = Math.abs((output[index] as number) - value)
    maxAbsError = Math.max(maxAbsError, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference)
    scale = Math.max(scale, Math.abs(value))
  }
  const maxRelError = maxAbsError / Math.max(scale, Number.MIN_VALUE)
  if (!(maxRelError <= allowed)) {
    throw new MobileOneError(
      'wrong-result',
      `wrong: differs from the reference by ${maxRelError.toExponential(1)} of its largest logit (at most ${allowed} is right)`,
    )
  }
  return { maxAbsError, maxRelError }
}
