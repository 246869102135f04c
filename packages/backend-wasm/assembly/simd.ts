/** The one file in which the two builds differ: a fused multiply-add where the engine has one, two roundings elsewhere. */
import { RELU } from '../src/abi'

// @ts-ignore: decorator
@inline
export function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c)
  return f32x4.add(f32x4.mul(a, b), c)
}

/** `x < floor ? floor : x`: a NaN in `x` stays, as in PyTorch's relu. */
// @ts-ignore: decorator
@inline
export function atLeast(x: v128, floor: v128): v128 {
  return f32x4.pmax(x, floor)
}

/** The lowest result of a kernel: 0 for relu, -Infinity (no effect) otherwise. */
// @ts-ignore: decorator
@inline
export function floorOf(activation: i32): f32 {
  return activation == RELU ? 0 : -Infinity
}
