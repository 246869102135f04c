/**
 * Functions of one value on f32 vectors of 4, from one place to another or in place. Other kernels finish with it what they have just
 * written, while it is in the level-1 cache, where they do not apply the function to their sums themselves.
 */
import {
  ERF_1, ERF_2, ERF_3, ERF_4, ERF_5, ERF_P, GELU, HALF, HARD_SIGMOID, HARD_SWISH, ONE, RELU, RELU6, SIGMOID, SILU, SIX, SIXTH, SQRT_HALF, THREE,
} from '../src/abi'
import { exp, number, sigmoid, silu } from './exp-f32'
import { atLeast, fma } from './simd'

/** x * Phi(x); the complementary error function by Abramowitz and Stegun 7.1.26, absolute error 1.5e-7. */
// @ts-ignore: decorator
@inline
function gelu(x: v128): v128 {
  const one = number(ONE)
  const z = f32x4.mul(f32x4.abs(x), number(SQRT_HALF))
  const t = f32x4.div(one, fma(z, number(ERF_P), one))
  let p = fma(number(ERF_5), t, number(ERF_4))
  p = fma(p, t, number(ERF_3))
  p = fma(p, t, number(ERF_2))
  p = fma(p, t, number(ERF_1))
  const tail = f32x4.mul(f32x4.mul(f32x4.mul(p, t), number(HALF)), exp(f32x4.neg(f32x4.mul(z, z))))
  const phi = v128.bitselect(tail, f32x4.sub(one, tail), f32x4.lt(x, f32x4.splat(0)))
  return f32x4.mul(x, phi)
}

/** relu6(x + 3) / 6. */
// @ts-ignore: decorator
@inline
function hardSigmoid(x: v128): v128 {
  const clamped = f32x4.pmin(atLeast(f32x4.add(x, number(THREE)), f32x4.splat(0)), number(SIX))
  return f32x4.mul(clamped, number(SIXTH))
}

/** `n` vectors from `src` to `dst`. */
export function activate(activation: i32, src: usize, dst: usize, n: i32): void {
  const zero = f32x4.splat(0), six = number(SIX)
  switch (activation) {
    case RELU:
      for (; n > 0; --n, src += 16, dst += 16) v128.store(dst, atLeast(v128.load(src), zero))
      break
    case SIGMOID:
      for (; n > 0; --n, src += 16, dst += 16) v128.store(dst, sigmoid(v128.load(src)))
      break
    case SILU:
      for (; n > 0; --n, src += 16, dst += 16) v128.store(dst, silu(v128.load(src)))
      break
    case GELU:
      for (; n > 0; --n, src += 16, dst += 16) v128.store(dst, gelu(v128.load(src)))
      break
    case RELU6:
      for (; n > 0; --n, src += 16, dst += 16) v128.store(dst, f32x4.pmin(atLeast(v128.load(src), zero), six))
      break
    case HARD_SIGMOID:
      for (; n > 0; --n, src += 16, dst += 16) v128.store(dst, hardSigmoid(v128.load(src)))
      break
    case HARD_SWISH:
      for (; n > 0; --n, src += 16, dst += 16) {
        const x = v128.load(src)
        v128.store(dst, f32x4.mul(x, hardSigmoid(x)))
      }
      break
    default:
      unreachable()
  }
}

/** Apply to the `n` vectors that a kernel has just written what it does not apply to its sums: all but relu. */
// @ts-ignore: decorator
@inline
export function finish(activation: i32, at: usize, n: i32): void {
  if (activation > RELU) activate(activation, at, at, n)
}
