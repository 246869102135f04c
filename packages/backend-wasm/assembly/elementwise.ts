/**
 * Unary functions, sums, products and per-channel scales on f32 vectors of 4. Units are vectors. Padding channels take
 * part: whatever they become, no real channel reads it.
 */
import {
  ACTIVATION, CHANNELS, DST, GELU, K, PIXELS, RELU, SCALE_STRIDE, SHIFT, SIGMOID, SILU, SRC, WEIGHTS,
} from '../src/abi'
import { at, pointer } from './record'
import { atLeast, floorOf, fma } from './simd'

/**
 * e^x, relative error below 3e-7; 0 and Infinity at the ends; a NaN stays. Range reduction by ln 2 in two parts and the
 * degree-6 polynomial of Cephes' expf.
 */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  x = f32x4.pmin(x, f32x4.splat(89))
  x = f32x4.pmax(x, f32x4.splat(-88))
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)))
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)))
  r = f32x4.add(r, f32x4.mul(n, f32x4.splat(2.12194440e-4)))
  let p = f32x4.splat(1.9875691500e-4)
  p = fma(p, r, f32x4.splat(1.3981999507e-3))
  p = fma(p, r, f32x4.splat(8.3334519073e-3))
  p = fma(p, r, f32x4.splat(4.1665795894e-2))
  p = fma(p, r, f32x4.splat(1.6666665459e-1))
  p = fma(p, r, f32x4.splat(5.0000001201e-1))
  p = fma(f32x4.mul(p, r), r, f32x4.add(r, f32x4.splat(1)))
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23)
  return f32x4.mul(p, power)
}

// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1)
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(x))))
}

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
  switch (at(step, ACTIVATION)) {
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
    default:
      unreachable()
  }
}

export function add(step: usize, from: i32, to: i32): void {
  const start = <usize>from << 4
  let a = pointer(step, SRC) + start
  let b = pointer(step, WEIGHTS) + start
  let dst = pointer(step, DST) + start
  const floor = f32x4.splat(floorOf(at(step, ACTIVATION) == RELU))
  for (let n = to - from; n > 0; --n, a += 16, b += 16, dst += 16) {
    v128.store(dst, atLeast(f32x4.add(v128.load(a), v128.load(b)), floor))
  }
}

export function mul(step: usize, from: i32, to: i32): void {
  const start = <usize>from << 4
  let a = pointer(step, SRC) + start
  let b = pointer(step, WEIGHTS) + start
  let dst = pointer(step, DST) + start
  const floor = f32x4.splat(floorOf(at(step, ACTIVATION) == RELU))
  for (let n = to - from; n > 0; --n, a += 16, b += 16, dst += 16) {
    v128.store(dst, atLeast(f32x4.mul(v128.load(a), v128.load(b)), floor))
  }
}

/**
 * x * scale + shift per channel: batch normalisation, and the gate of squeeze-and-excite (SHIFT 0, one row of scales an
 * image). Units are pixels of the whole batch.
 */
export function scale(step: usize, from: i32, to: i32): void {
  const channels = <usize>at(step, CHANNELS) << 2
  const pixels = at(step, PIXELS)
  const stride = pointer(step, SCALE_STRIDE)
  const shifts = pointer(step, SHIFT)
  const floor = f32x4.splat(floorOf(at(step, ACTIVATION) == RELU))
  let src = pointer(step, SRC) + <usize>from * channels
  let dst = pointer(step, DST) + <usize>from * channels
  for (let p = from; p < to; ++p) {
    const scales = pointer(step, WEIGHTS) + <usize>(p / pixels) * stride
    if (shifts) {
      for (let c: usize = 0; c < channels; c += 16) {
        v128.store(dst + c, atLeast(fma(v128.load(src + c), v128.load(scales + c), v128.load(shifts + c)), floor))
      }
    } else {
      for (let c: usize = 0; c < channels; c += 16) {
        v128.store(dst + c, atLeast(f32x4.mul(v128.load(src + c), v128.load(scales + c)), floor))
      }
    }
    src += channels
    dst += channels
  }
}

/** Softmax over the K channels of each row. Units are rows. The maximum is subtracted first; a NaN fills its row. */
export function softmax(step: usize, from: i32, to: i32): void {
  const k = at(step, K)
  const row = <usize>at(step, CHANNELS) << 2
  const whole = <usize>(k & ~3) << 2
  const size = <usize>k << 2
  for (let r = from; r < to; ++r) {
    const src = pointer(step, SRC) + <usize>r * row
    const dst = pointer(step, DST) + <usize>r * row
    let top: f32 = -Infinity
    for (let c: usize = 0; c < size; c += 4) top = max(top, load<f32>(src + c))
    const shift = f32x4.splat(top)
    let sums = f32x4.splat(0)
    for (let c: usize = 0; c < row; c += 16) {
      const e = exp(f32x4.sub(v128.load(src + c), shift))
      v128.store(dst + c, e)
      if (c < whole) sums = f32x4.add(sums, e)
    }
    let sum = f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1) + f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3)
    for (let c = whole; c < size; c += 4) sum += load<f32>(dst + c)
    const total = f32x4.splat(sum)
    for (let c: usize = 0; c < row; c += 16) v128.store(dst + c, f32x4.div(v128.load(dst + c), total))
  }
}
