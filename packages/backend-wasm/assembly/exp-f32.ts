/** e^x and the logistic function of f32 vectors of 4, inlined into the kernels that need them. */
import {
  EXP_1, EXP_2, EXP_3, EXP_4, EXP_5, EXP_MAX, EXP_MIN, HEAP, LN2_HIGH, LN2_LOW, LOG2_E, ONE, ROUND,
} from '../src/abi'
import { fma } from './simd'

/** One of the numbers of abi.ts in all lanes. */
// @ts-ignore: decorator
@inline
export function number(index: i32): v128 {
  return v128.load32_splat(HEAP + (index << 2))
}

/**
 * e^x, relative error below 3e-7; 0 and Infinity at the ends; a NaN stays. The sum with 1.5 x 2^23 rounds x / ln 2 to an integer n, which
 * then stands in its lowest bits; ln 2 is taken off n times in two parts, and the rest goes into the polynomial of degree 5 of XNNPACK's
 * `f32-vsigmoid-rr2-p5`. The bits of 1 are those of an exponent of 0.
 */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  const round = number(ROUND)
  x = f32x4.pmin(x, number(EXP_MAX))
  x = f32x4.pmax(x, number(EXP_MIN))
  const z = fma(x, number(LOG2_E), round)
  const n = f32x4.sub(z, round)
  const r = fma(n, number(LN2_LOW), fma(n, number(LN2_HIGH), x))
  let p = number(EXP_5)
  p = fma(p, r, number(EXP_4))
  p = fma(p, r, number(EXP_3))
  p = fma(p, r, number(EXP_2))
  p = fma(p, r, number(EXP_1))
  p = fma(p, r, number(ONE))
  return f32x4.mul(p, i32x4.add(i32x4.shl(z, 23), number(ONE)))
}

// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const one = number(ONE)
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(x))))
}

/** x times its logistic function, by one division. */
// @ts-ignore: decorator
@inline
export function silu(x: v128): v128 {
  return f32x4.div(x, f32x4.add(number(ONE), exp(f32x4.neg(x))))
}
