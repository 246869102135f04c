/**
 * Unary functions, sums, products and per-channel scales on f32 vectors of 4. Units are vectors. Padding channels take
 * part: whatever they become, no real channel reads it.
 */
import {
  ACTIVATION, BATCH, DST, GELU, K, PER_IMAGE, PIXELS, RELU, SHIFT, SIGMOID, SILU, SRC, SRC_PLANE, WEIGHTS,
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
 * x * scale + shift per channel: batch normalisation, and the gate of squeeze-and-excite (no shift, every image its own
 * scales). Units are groups of 8 channels of each image.
 */
export function scale(step: usize, from: i32, to: i32): void {
  const pixels = at(step, PIXELS)
  const batch = at(step, BATCH)
  const floor = f32x4.splat(floorOf(at(step, ACTIVATION) == RELU))
  const start = (<usize>from * <usize>pixels) << 5
  let src = pointer(step, SRC) + start
  let dst = pointer(step, DST) + start
  for (let u = from; u < to; ++u) {
    const group = <usize>(u / batch) << 5
    const scales = pointer(step, WEIGHTS) + (at(step, PER_IMAGE) ? <usize>u << 5 : group)
    const m0 = v128.load(scales), m1 = v128.load(scales, 16)
    let b0 = f32x4.splat(-0.0), b1 = b0
    if (at(step, SHIFT)) {
      b0 = v128.load(pointer(step, SHIFT) + group)
      b1 = v128.load(pointer(step, SHIFT) + group, 16)
    }
    for (let n = pixels; n > 0; --n) {
      v128.store(dst, atLeast(fma(v128.load(src), m0, b0), floor))
      v128.store(dst, atLeast(fma(v128.load(src, 16), m1, b1), floor), 16)
      src += 32
      dst += 32
    }
  }
}

/** Softmax over the K channels of each image. Units are images. The maximum is subtracted first; a NaN fills its row. */
export function softmax(step: usize, from: i32, to: i32): void {
  const k = at(step, K)
  const plane = pointer(step, SRC_PLANE)
  for (let n = from; n < to; ++n) {
    const src = pointer(step, SRC) + (<usize>n << 5)
    const dst = pointer(step, DST) + (<usize>n << 5)
    let top: f32 = -Infinity
    for (let c = 0; c < k; ++c) top = max(top, load<f32>(src + element(c, plane)))
    const shift = f32x4.splat(top)
    const end = <usize>((k + 7) >> 3) * plane
    for (let p: usize = 0; p < end; p += plane) {
      v128.store(dst + p, exp(f32x4.sub(v128.load(src + p), shift)))
      v128.store(dst + p, exp(f32x4.sub(v128.load(src + p, 16), shift)), 16)
    }
    let sum: f32 = 0
    for (let c = 0; c < k; ++c) sum += load<f32>(dst + element(c, plane))
    const total = f32x4.splat(sum)
    for (let p: usize = 0; p < end; p += plane) {
      v128.store(dst + p, f32x4.div(v128.load(dst + p), total))
      v128.store(dst + p, f32x4.div(v128.load(dst + p, 16), total), 16)
    }
  }
}

// @ts-ignore: decorator
@inline
function element(channel: i32, plane: usize): usize {
  return <usize>(channel >> 3) * plane + (<usize>(channel & 7) << 2)
}
