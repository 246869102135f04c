/** The largest difference of two vectors, of the largest value of the second. Infinity where they are of different length or one is not finite. */
export function apart(found, wanted) {
  if (found.length !== wanted.length || wanted.length === 0) return Number.POSITIVE_INFINITY
  let [difference, scale] = [0, 0]
  for (let index = 0; index < wanted.length; index++) {
    difference = Math.max(difference, Math.abs(found[index] - wanted[index]))
    scale = Math.max(scale, Math.abs(wanted[index]))
  }
  return Number.isFinite(difference) && scale > 0 ? difference / scale : Number.POSITIVE_INFINITY
}

/** The largest difference of two vectors, in their own unit. Infinity where they are of different length or one is not finite. */
export function largestDifference(found, wanted) {
  if (found.length !== wanted.length) return Number.POSITIVE_INFINITY
  let difference = 0
  for (let index = 0; index < wanted.length; index++)
    difference = Math.max(difference, Math.abs(found[index] - wanted[index]))
  return Number.isFinite(difference) ? difference : Number.POSITIVE_INFINITY
}
