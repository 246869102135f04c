/** f32 x 4. No fused multiply-add: plain SIMD runs everywhere tfjs's SIMD binary does. */

// @ts-expect-error: decorator
@inline
export function fma(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c)
}

/** `x < 0 ? 0 : x`: a NaN stays. */
// @ts-expect-error: decorator
@inline
export function relu4(x: v128): v128 {
  return f32x4.pmax(x, f32x4.splat(0))
}

/** `dy` times the derivative of relu at `y`: 1 above zero, 0 below, NaN at NaN. */
// @ts-expect-error: decorator
@inline
export function masked4(dy: v128, y: v128): v128 {
  const one = v128.andnot(f32x4.splat(1), f32x4.le(y, f32x4.splat(0)))
  return f32x4.mul(dy, v128.or(one, f32x4.ne(y, y)))
}

// @ts-expect-error: decorator
@inline
export function masked(dy: f32, y: f32): f32 {
  return dy * (y <= 0 ? <f32>0 : y > 0 ? <f32>1 : y)
}

// @ts-expect-error: decorator
@inline
export function add4(at: usize, value: v128): void {
  v128.store(at, f32x4.add(v128.load(at), value))
}
