/**
 * f32 vector x int8 weights, which stand for f32: the classifier where only weights are stored in int8. It reads a quarter of the bytes, and
 * memory is what gemv-f32.ts waits for. Units are panels of 8 outputs: 8 scales, 8 biases (f32, VECTOR_HEAD bytes), then 8 weights a k, i8, and 8
 * more where K is odd. Sums are of unscaled weights, those of even and of odd k by themselves.
 */
import { ACTIVATION, DST, K, SRC, VECTOR_HEAD, WEIGHTS } from '../src/abi'
import { finish } from './activate-f32'
import { at, pointer } from './record'
import { atLeast, floorOf, fma } from './simd'

// @ts-ignore: decorator
@inline
function low(words: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(words))
}

// @ts-ignore: decorator
@inline
function high(words: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(words))
}

export function gemvInt8(step: usize, from: i32, to: i32): void {
  const k = at(step, K)
  const panelBytes = (<usize>(k + 1 & ~1) << 3) + VECTOR_HEAD
  const activation = at(step, ACTIVATION)
  const floor = f32x4.splat(floorOf(activation))
  const dst = pointer(step, DST) + (<usize>from << 5)
  let c = dst
  for (let u = from; u < to; ++u, c += 32) {
    const head = pointer(step, WEIGHTS) + <usize>u * panelBytes
    let w = head + VECTOR_HEAD
    let a = pointer(step, SRC)
    let p0 = f32x4.splat(0), p1 = p0, q0 = p0, q1 = p0
    for (let n = k >> 1; n > 0; --n, a += 8, w += 16) {
      const x = v128.load32_splat(a), y = v128.load32_splat(a, 4)
      const even = v128.load_ext<i8>(w), odd = v128.load_ext<i8>(w, 8)
      p0 = fma(x, low(even), p0); p1 = fma(x, high(even), p1)
      q0 = fma(y, low(odd), q0); q1 = fma(y, high(odd), q1)
    }
    if (k & 1) {
      const x = v128.load32_splat(a), even = v128.load_ext<i8>(w)
      p0 = fma(x, low(even), p0); p1 = fma(x, high(even), p1)
    }
    v128.store(c, atLeast(fma(f32x4.add(p0, q0), v128.load(head), v128.load(head, 32)), floor))
    v128.store(c, atLeast(fma(f32x4.add(p1, q1), v128.load(head, 16), v128.load(head, 48)), floor), 16)
  }
  finish(activation, dst, (to - from) << 1)
}
