/**
 * f32 matrix product, tile H pixels x 8 output channels, H = 1..6, 128-bit SIMD.
 *
 * Registers: 2H accumulators, 2 weight vectors, 1 splat of the input: 15 at H = 6, what V8 can allocate on x64.
 * Memory: `a` is row-major with `lda` bytes between pixels, read 4 bytes at a time with load32_splat; `w` is a packed
 * panel, 32 bytes per k; `c` is row-major with `ldc` bytes between pixels. The reduction is unrolled by 2.
 */
import { atLeast, fma } from './simd'

/** Take the sums from `c` instead of the bias: a further block of the reduction. */
export const ACCUMULATE: i32 = 2
export const APPLY_RELU: i32 = 1

// @ts-ignore: decorator
@inline
function strip(H: i32, a: usize, lda: usize, w: usize, bias: usize, k: i32, c: usize, ldc: usize, flags: i32, tiles: i32): void {
  for (; tiles > 0; --tiles) {
    let a0 = a
    let a1 = a0 + lda
    let a2 = a1 + lda
    let a3 = a2 + lda
    let a4 = a3 + lda
    let a5 = a4 + lda
    let c1 = c + ldc
    let c2 = c1 + ldc
    let c3 = c2 + ldc
    let c4 = c3 + ldc
    let c5 = c4 + ldc

    let p00 = v128.load(bias), p01 = v128.load(bias, 16)
    let p10 = p00, p11 = p01, p20 = p00, p21 = p01, p30 = p00, p31 = p01, p40 = p00, p41 = p01, p50 = p00, p51 = p01
    if (flags & ACCUMULATE) {
      p00 = v128.load(c); p01 = v128.load(c, 16)
      if (H > 1) { p10 = v128.load(c1); p11 = v128.load(c1, 16) }
      if (H > 2) { p20 = v128.load(c2); p21 = v128.load(c2, 16) }
      if (H > 3) { p30 = v128.load(c3); p31 = v128.load(c3, 16) }
      if (H > 4) { p40 = v128.load(c4); p41 = v128.load(c4, 16) }
      if (H > 5) { p50 = v128.load(c5); p51 = v128.load(c5, 16) }
    }

    let p = w
    for (let n = k >> 1; n > 0; --n) {
      let w0 = v128.load(p), w1 = v128.load(p, 16)
      let x = v128.load32_splat(a0)
      p00 = fma(x, w0, p00); p01 = fma(x, w1, p01)
      if (H > 1) { x = v128.load32_splat(a1); p10 = fma(x, w0, p10); p11 = fma(x, w1, p11) }
      if (H > 2) { x = v128.load32_splat(a2); p20 = fma(x, w0, p20); p21 = fma(x, w1, p21) }
      if (H > 3) { x = v128.load32_splat(a3); p30 = fma(x, w0, p30); p31 = fma(x, w1, p31) }
      if (H > 4) { x = v128.load32_splat(a4); p40 = fma(x, w0, p40); p41 = fma(x, w1, p41) }
      if (H > 5) { x = v128.load32_splat(a5); p50 = fma(x, w0, p50); p51 = fma(x, w1, p51) }
      w0 = v128.load(p, 32); w1 = v128.load(p, 48)
      x = v128.load32_splat(a0, 4)
      p00 = fma(x, w0, p00); p01 = fma(x, w1, p01)
      if (H > 1) { x = v128.load32_splat(a1, 4); p10 = fma(x, w0, p10); p11 = fma(x, w1, p11) }
      if (H > 2) { x = v128.load32_splat(a2, 4); p20 = fma(x, w0, p20); p21 = fma(x, w1, p21) }
      if (H > 3) { x = v128.load32_splat(a3, 4); p30 = fma(x, w0, p30); p31 = fma(x, w1, p31) }
      if (H > 4) { x = v128.load32_splat(a4, 4); p40 = fma(x, w0, p40); p41 = fma(x, w1, p41) }
      if (H > 5) { x = v128.load32_splat(a5, 4); p50 = fma(x, w0, p50); p51 = fma(x, w1, p51) }
      p += 64
      a0 += 8
      if (H > 1) a1 += 8
      if (H > 2) a2 += 8
      if (H > 3) a3 += 8
      if (H > 4) a4 += 8
      if (H > 5) a5 += 8
    }
    if (k & 1) {
      let w0 = v128.load(p), w1 = v128.load(p, 16)
      let x = v128.load32_splat(a0)
      p00 = fma(x, w0, p00); p01 = fma(x, w1, p01)
      if (H > 1) { x = v128.load32_splat(a1); p10 = fma(x, w0, p10); p11 = fma(x, w1, p11) }
      if (H > 2) { x = v128.load32_splat(a2); p20 = fma(x, w0, p20); p21 = fma(x, w1, p21) }
      if (H > 3) { x = v128.load32_splat(a3); p30 = fma(x, w0, p30); p31 = fma(x, w1, p31) }
      if (H > 4) { x = v128.load32_splat(a4); p40 = fma(x, w0, p40); p41 = fma(x, w1, p41) }
      if (H > 5) { x = v128.load32_splat(a5); p50 = fma(x, w0, p50); p51 = fma(x, w1, p51) }
    }

    if (flags & APPLY_RELU) {
      const zero = f32x4.splat(0)
      p00 = atLeast(p00, zero); p01 = atLeast(p01, zero)
      if (H > 1) { p10 = atLeast(p10, zero); p11 = atLeast(p11, zero) }
      if (H > 2) { p20 = atLeast(p20, zero); p21 = atLeast(p21, zero) }
      if (H > 3) { p30 = atLeast(p30, zero); p31 = atLeast(p31, zero) }
      if (H > 4) { p40 = atLeast(p40, zero); p41 = atLeast(p41, zero) }
      if (H > 5) { p50 = atLeast(p50, zero); p51 = atLeast(p51, zero) }
    }
    v128.store(c, p00); v128.store(c, p01, 16)
    if (H > 1) { v128.store(c1, p10); v128.store(c1, p11, 16) }
    if (H > 2) { v128.store(c2, p20); v128.store(c2, p21, 16) }
    if (H > 3) { v128.store(c3, p30); v128.store(c3, p31, 16) }
    if (H > 4) { v128.store(c4, p40); v128.store(c4, p41, 16) }
    if (H > 5) { v128.store(c5, p50); v128.store(c5, p51, 16) }
    a += <usize>H * lda
    c += <usize>H * ldc
  }
}

function strip1(a: usize, lda: usize, w: usize, bias: usize, k: i32, c: usize, ldc: usize, flags: i32, tiles: i32): void {
  strip(1, a, lda, w, bias, k, c, ldc, flags, tiles)
}
function strip2(a: usize, lda: usize, w: usize, bias: usize, k: i32, c: usize, ldc: usize, flags: i32, tiles: i32): void {
  strip(2, a, lda, w, bias, k, c, ldc, flags, tiles)
}
function strip3(a: usize, lda: usize, w: usize, bias: usize, k: i32, c: usize, ldc: usize, flags: i32, tiles: i32): void {
  strip(3, a, lda, w, bias, k, c, ldc, flags, tiles)
}
function strip4(a: usize, lda: usize, w: usize, bias: usize, k: i32, c: usize, ldc: usize, flags: i32, tiles: i32): void {
  strip(4, a, lda, w, bias, k, c, ldc, flags, tiles)
}
function strip5(a: usize, lda: usize, w: usize, bias: usize, k: i32, c: usize, ldc: usize, flags: i32, tiles: i32): void {
  strip(5, a, lda, w, bias, k, c, ldc, flags, tiles)
}
function strip6(a: usize, lda: usize, w: usize, bias: usize, k: i32, c: usize, ldc: usize, flags: i32, tiles: i32): void {
  strip(6, a, lda, w, bias, k, c, ldc, flags, tiles)
}

/** `tiles` tiles of `h` pixels each, one under the other. */
export function strip8(h: i32, a: usize, lda: usize, w: usize, bias: usize, k: i32, c: usize, ldc: usize, flags: i32, tiles: i32): void {
  switch (h) {
    case 6: strip6(a, lda, w, bias, k, c, ldc, flags, tiles); break
    case 5: strip5(a, lda, w, bias, k, c, ldc, flags, tiles); break
    case 4: strip4(a, lda, w, bias, k, c, ldc, flags, tiles); break
    case 3: strip3(a, lda, w, bias, k, c, ldc, flags, tiles); break
    case 2: strip2(a, lda, w, bias, k, c, ldc, flags, tiles); break
    default: strip1(a, lda, w, bias, k, c, ldc, flags, tiles)
  }
}
