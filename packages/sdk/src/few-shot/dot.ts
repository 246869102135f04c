/** The dot product of `count` elements; four sums at a time, so that an addition need not wait for the one before. */
export function dot(
  a: Float64Array,
  b: Float64Array,
  aFrom = 0,
  bFrom = 0,
  count: number = a.length,
): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let i = 0
  for (; i + 3 < count; i += 4) {
    s0 += a[aFrom + i]! * b[bFrom + i]!
    s1 += a[aFrom + i + 1]! * b[bFrom + i + 1]!
    s2 += a[aFrom + i + 2]! * b[bFrom + i + 2]!
    s3 += a[aFrom + i + 3]! * b[bFrom + i + 3]!
  }
  for (; i < count; i++) s0 += a[aFrom + i]! * b[bFrom + i]!
  return s0 + s1 + (s2 + s3)
}
