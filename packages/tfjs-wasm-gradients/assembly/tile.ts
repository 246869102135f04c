/**
 * f32 matrix product, tile 4 x 8, 128-bit SIMD, two forms. Registers: 8 sums, 2 of the panel, 1 splat, 1 product. A tile of height 6
 * needs more than the 16 of x64: V8 spills, and the product falls from 33 to 24 GFLOP/s.
 *
 * Not unrolled over k: V8 11 (Node 20) spills when it is, V8 14 gains nothing.
 */
import { fma, relu4 } from './simd'

export const RELU: i32 = 1
/** Start from the values in `c`, not from the bias. */
export const ACCUMULATE: i32 = 2

/**
 * `tiles` times H rows of `a` (row-major, `aStep` bytes a row) times a panel of 8 columns ([k][8]) into 8 columns of `c`
 * (row-major, `cStep` bytes a row).
 */
// @ts-expect-error: decorator
@inline
function strip(
  H: i32, a: usize, aStep: usize, panel: usize, bias: usize, k: i32, c: usize, cStep: usize, flags: i32, tiles: i32,
): void {
  for (; tiles > 0; --tiles) {
    let a0 = a, a1 = a0 + aStep, a2 = a1 + aStep, a3 = a2 + aStep
    let p00 = v128.load(bias), p01 = v128.load(bias, 16)
    let p10 = p00, p11 = p01, p20 = p00, p21 = p01, p30 = p00, p31 = p01
    if (flags & ACCUMULATE) {
      let q = c
      p00 = v128.load(q); p01 = v128.load(q, 16)
      if (H > 1) {
        q += cStep; p10 = v128.load(q); p11 = v128.load(q, 16)
        q += cStep; p20 = v128.load(q); p21 = v128.load(q, 16)
        q += cStep; p30 = v128.load(q); p31 = v128.load(q, 16)
      }
    }
    let w = panel
    for (let n = k; n > 0; --n) {
      const w0 = v128.load(w), w1 = v128.load(w, 16)
      let x = v128.load32_splat(a0)
      p00 = fma(x, w0, p00); p01 = fma(x, w1, p01)
      if (H > 1) {
        x = v128.load32_splat(a1); p10 = fma(x, w0, p10); p11 = fma(x, w1, p11)
        x = v128.load32_splat(a2); p20 = fma(x, w0, p20); p21 = fma(x, w1, p21)
        x = v128.load32_splat(a3); p30 = fma(x, w0, p30); p31 = fma(x, w1, p31)
        a1 += 4; a2 += 4; a3 += 4
      }
      a0 += 4
      w += 32
    }
    if (flags & RELU) {
      p00 = relu4(p00); p01 = relu4(p01)
      if (H > 1) {
        p10 = relu4(p10); p11 = relu4(p11)
        p20 = relu4(p20); p21 = relu4(p21)
        p30 = relu4(p30); p31 = relu4(p31)
      }
    }
    v128.store(c, p00); v128.store(c, p01, 16); c += cStep
    if (H > 1) {
      v128.store(c, p10); v128.store(c, p11, 16); c += cStep
      v128.store(c, p20); v128.store(c, p21, 16); c += cStep
      v128.store(c, p30); v128.store(c, p31, 16); c += cStep
    }
    a += <usize>H * aStep
  }
}

export function strip4(
  a: usize, aStep: usize, panel: usize, bias: usize, k: i32, c: usize, cStep: usize, flags: i32, tiles: i32,
): void {
  strip(4, a, aStep, panel, bias, k, c, cStep, flags, tiles)
}

export function strip1(
  a: usize, aStep: usize, panel: usize, bias: usize, k: i32, c: usize, cStep: usize, flags: i32, tiles: i32,
): void {
  strip(1, a, aStep, panel, bias, k, c, cStep, flags, tiles)
}

/** `c` (4 x 8, contiguous) += a^T b over `rows` rows of panels a [rows][4] and b [rows][8]. */
export function outer(a: usize, b: usize, rows: i32, c: usize): void {
  let p00 = f32x4.splat(0)
  let p01 = p00, p10 = p00, p11 = p00, p20 = p00, p21 = p00, p30 = p00, p31 = p00
  for (; rows > 0; --rows) {
    const w0 = v128.load(b), w1 = v128.load(b, 16)
    let x = v128.load32_splat(a); p00 = fma(x, w0, p00); p01 = fma(x, w1, p01)
    x = v128.load32_splat(a, 4); p10 = fma(x, w0, p10); p11 = fma(x, w1, p11)
    x = v128.load32_splat(a, 8); p20 = fma(x, w0, p20); p21 = fma(x, w1, p21)
    x = v128.load32_splat(a, 12); p30 = fma(x, w0, p30); p31 = fma(x, w1, p31)
    a += 16
    b += 32
  }
  v128.store(c, f32x4.add(v128.load(c, 0), p00), 0); v128.store(c, f32x4.add(v128.load(c, 16), p01), 16)
  v128.store(c, f32x4.add(v128.load(c, 32), p10), 32); v128.store(c, f32x4.add(v128.load(c, 48), p11), 48)
  v128.store(c, f32x4.add(v128.load(c, 64), p20), 64); v128.store(c, f32x4.add(v128.load(c, 80), p21), 80)
  v128.store(c, f32x4.add(v128.load(c, 96), p30), 96); v128.store(c, f32x4.add(v128.load(c, 112), p31), 112)
}
