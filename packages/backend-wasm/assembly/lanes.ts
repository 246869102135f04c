/** Rows of K channels in groups of 8: which lanes of the last group count, what becomes of the lanes of a row, and lanes from many places. */

/** All bits of the lanes among channels `first` to `first + 3` that are less than `k`. */
// @ts-ignore: decorator
@inline
export function lanes(first: i32, k: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(k - first))
}

/** The sum of the lanes, in each. */
// @ts-ignore: decorator
@inline
export function total(x: v128): v128 {
  x = f32x4.add(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1))
  return f32x4.add(x, v128.shuffle<f32>(x, x, 1, 0, 3, 2))
}

/** The largest of the lanes, in each. */
// @ts-ignore: decorator
@inline
export function largest(x: v128): v128 {
  x = f32x4.max(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1))
  return f32x4.max(x, v128.shuffle<f32>(x, x, 1, 0, 3, 2))
}

/** The floats at four addresses. */
// @ts-ignore: decorator
@inline
export function gather(p0: usize, p1: usize, p2: usize, p3: usize): v128 {
  let x = v128.load32_splat(p0)
  x = v128.load_lane<f32>(p1, x, 1)
  x = v128.load_lane<f32>(p2, x, 2)
  return v128.load_lane<f32>(p3, x, 3)
}
