/**
 * Functions of one value on f32 vectors of 4. Units are vectors. Padding channels take part: whatever they become, no real
 * channel reads it.
 */
import { ACTIVATION, DST, GELU, HARD_SIGMOID, HARD_SWISH, RELU, RELU6, SIGMOID, SILU, SRC } from '../src/abi'
import { exp, sigmoid } from './exp-f32'
import { at, pointer } from './record'
import { atLeast, fma } from './simd'

/** x * Phi(x); the complementary error function by Abramowitz and Stegun 7.1.26, absolute error 1.5e-7. */
// @ts-ignore: decorator
@inline
function gelu(x: v128): v128 {
  const one = f32x4.splat(1)
  const z = f32x4.mul(f32x4.abs(x), f32x4.splat(0.70710678))
  const t = f32x4.div(one, fma(z, f32x4.splat(0.3275911), one))
  let p = f32x4.splat(1.061405429)
  p = fma(p, t, f32x4.splat(-1.453152027))
  p = fma(p, t, f32x4.splat(1.421413741))
  p = fma(p, t, f32x4.splat(-0.284496736))
  p = fma(p, t, f32x4.splat(0.254829592))
  const tail = f32x4.mul(f32x4.mul(f32x4.mul(p, t), f32x4.splat(0.5)), exp(f32x4.neg(f32x4.mul(z, z))))
  const phi = v128.bitselect(tail, f32x4.sub(one, tail), f32x4.lt(x, f32x4.splat(0)))
  return f32x4.mul(x, phi)
}

export function unary(step: usize, from: i32, to: i32): void {
  let src = pointer(step, SRC) + (<usize>from << 4)
  let dst = pointer(step, DST) + (<usize>from << 4)
  let n = to - from
  const activation = at(step, ACTIVATION)
  switch (activation) {
    case RELU:
      for (; n > 0; --n, src += 16, dst += 16) v128.store(dst, atLeast(v128.load(src), f32x4.splat(0)))
      break
    case SIGMOID:
      for (; n > 0; --n, src += 16, dst += 16) v128.store(dst, sigmoid(v128.load(src)))
      break
    case SILU:
      for (; n > 0; --n, src += 16, dst += 16) {
        const x = v128.load(src)
        v128.store(dst, f32x4.mul(x, sigmoid(x)))
      }
      break
    case GELU:
      for (; n > 0; --n, src += 16, dst += 16) v128.store(dst, gelu(v128.load(src)))
      break
    case RELU6:
    case HARD_SIGMOID:
    case HARD_SWISH: {
      // relu6(x + 3) / 6, times x or 1; relu6 without the 3 and the 6.
      const shift = f32x4.splat(activation == RELU6 ? 0 : 3), scale = f32x4.splat(activation == RELU6 ? 1 : 1.0 / 6.0)
      const gated = i32x4.splat(activation == HARD_SWISH ? -1 : 0)
      for (; n > 0; --n, src += 16, dst += 16) {
        const x = v128.load(src)
        const clamped = f32x4.pmin(atLeast(f32x4.add(x, shift), f32x4.splat(0)), f32x4.splat(6))
        v128.store(dst, f32x4.mul(f32x4.mul(clamped, scale), v128.bitselect(x, f32x4.splat(1), gated)))
      }
      break
    }
    default:
      unreachable()
  }
}
