/**
 * f32 matrix product, tile H pixels x 8 output channels, H = 1..6, 128-bit SIMD.
 *
 * Registers: 2H accumulators, 2 weight vectors, 1 splat of the input: 15 at H = 6, what V8 can allocate on x64.
 * Memory: 8 input channels of the H pixels lie 32 bytes apart, so one pointer with constant offsets reads all of them
 * (load32_splat); `plane` bytes further come the next 8 channels. `w` is a packed panel, 32 bytes per k. The result is
 * H x 32 contiguous bytes. The 8 channels are unrolled; a last group of fewer channels reads no further than it must.
 */
import { atLeast, fma } from './simd'

export const APPLY_RELU: i32 = 1
/** Take the sums from `c` instead of the bias: a further part of the reduction. */
export const ACCUMULATE: i32 = 2

// @ts-ignore: decorator
@inline
function strip(H: i32, a: usize, plane: usize, panel: usize, bias: usize, k: i32, c: usize, flags: i32, tiles: i32): void {
  for (; tiles > 0; --tiles) {
    let p00 = v128.load(bias), p01 = v128.load(bias, 16)
    let p10 = p00, p11 = p01, p20 = p00, p21 = p01, p30 = p00, p31 = p01, p40 = p00, p41 = p01, p50 = p00, p51 = p01
    if (flags & ACCUMULATE) {
      p00 = v128.load(c); p01 = v128.load(c, 16)
      if (H > 1) { p10 = v128.load(c, 32); p11 = v128.load(c, 48) }
      if (H > 2) { p20 = v128.load(c, 64); p21 = v128.load(c, 80) }
      if (H > 3) { p30 = v128.load(c, 96); p31 = v128.load(c, 112) }
      if (H > 4) { p40 = v128.load(c, 128); p41 = v128.load(c, 144) }
      if (H > 5) { p50 = v128.load(c, 160); p51 = v128.load(c, 176) }
    }

    let w0: v128, w1: v128, x: v128
    let p = a
    let w = panel
    for (let n = k >> 3; n > 0; --n) {
      w0 = v128.load(w); w1 = v128.load(w, 16)
      x = v128.load32_splat(p); p00 = fma(x, w0, p00); p01 = fma(x, w1, p01)
      if (H > 1) { x = v128.load32_splat(p, 32); p10 = fma(x, w0, p10); p11 = fma(x, w1, p11) }
      if (H > 2) { x = v128.load32_splat(p, 64); p20 = fma(x, w0, p20); p21 = fma(x, w1, p21) }
      if (H > 3) { x = v128.load32_splat(p, 96); p30 = fma(x, w0, p30); p31 = fma(x, w1, p31) }
      if (H > 4) { x = v128.load32_splat(p, 128); p40 = fma(x, w0, p40); p41 = fma(x, w1, p41) }
      if (H > 5) { x = v128.load32_splat(p, 160); p50 = fma(x, w0, p50); p51 = fma(x, w1, p51) }
      w0 = v128.load(w, 32); w1 = v128.load(w, 48)
      x = v128.load32_splat(p, 4); p00 = fma(x, w0, p00); p01 = fma(x, w1, p01)
      if (H > 1) { x = v128.load32_splat(p, 36); p10 = fma(x, w0, p10); p11 = fma(x, w1, p11) }
      if (H > 2) { x = v128.load32_splat(p, 68); p20 = fma(x, w0, p20); p21 = fma(x, w1, p21) }
      if (H > 3) { x = v128.load32_splat(p, 100); p30 = fma(x, w0, p30); p31 = fma(x, w1, p31) }
      if (H > 4) { x = v128.load32_splat(p, 132); p40 = fma(x, w0, p40); p41 = fma(x, w1, p41) }
      if (H > 5) { x = v128.load32_splat(p, 164); p50 = fma(x, w0, p50); p51 = fma(x, w1, p51) }
      w0 = v128.load(w, 64); w1 = v128.load(w, 80)
      x = v128.load32_splat(p, 8); p00 = fma(x, w0, p00); p01 = fma(x, w1, p01)
      if (H > 1) { x = v128.load32_splat(p, 40); p10 = fma(x, w0, p10); p11 = fma(x, w1, p11) }
      if (H > 2) { x = v128.load32_splat(p, 72); p20 = fma(x, w0, p20); p21 = fma(x, w1, p21) }
      if (H > 3) { x = v128.load32_splat(p, 104); p30 = fma(x, w0, p30); p31 = fma(x, w1, p31) }
      if (H > 4) { x = v128.load32_splat(p, 136); p40 = fma(x, w0, p40); p41 = fma(x, w1, p41) }
      if (H > 5) { x = v128.load32_splat(p, 168); p50 = fma(x, w0, p50); p51 = fma(x, w1, p51) }
      w0 = v128.load(w, 96); w1 = v128.load(w, 112)
      x = v128.load32_splat(p, 12); p00 = fma(x, w0, p00); p01 = fma(x, w1, p01)
      if (H > 1) { x = v128.load32_splat(p, 44); p10 = fma(x, w0, p10); p11 = fma(x, w1, p11) }
      if (H > 2) { x = v128.load32_splat(p, 76); p20 = fma(x, w0, p20); p21 = fma(x, w1, p21) }
      if (H > 3) { x = v128.load32_splat(p, 108); p30 = fma(x, w0, p30); p31 = fma(x, w1, p31) }
      if (H > 4) { x = v128.load32_splat(p, 140); p40 = fma(x, w0, p40); p41 = fma(x, w1, p41) }
      if (H > 5) { x = v128.load32_splat(p, 172); p50 = fma(x, w0, p50); p51 = fma(x, w1, p51) }
      w0 = v128.load(w, 128); w1 = v128.load(w, 144)
      x = v128.load32_splat(p, 16); p00 = fma(x, w0, p00); p01 = fma(x, w1, p01)
      if (H > 1) { x = v128.load32_splat(p, 48); p10 = fma(x, w0, p10); p11 = fma(x, w1, p11) }
      if (H > 2) { x = v128.load32_splat(p, 80); p20 = fma(x, w0, p20); p21 = fma(x, w1, p21) }
      if (H > 3) { x = v128.load32_splat(p, 112); p30 = fma(x, w0, p30); p31 = fma(x, w1, p31) }
      if (H > 4) { x = v128.load32_splat(p, 144); p40 = fma(x, w0, p40); p41 = fma(x, w1, p41) }
      if (H > 5) { x = v128.load32_splat(p, 176); p50 = fma(x, w0, p50); p51 = fma(x, w1, p51) }
      w0 = v128.load(w, 160); w1 = v128.load(w, 176)
      x = v128.load32_splat(p, 20); p00 = fma(x, w0, p00); p01 = fma(x, w1, p01)
      if (H > 1) { x = v128.load32_splat(p, 52); p10 = fma(x, w0, p10); p11 = fma(x, w1, p11) }
      if (H > 2) { x = v128.load32_splat(p, 84); p20 = fma(x, w0, p20); p21 = fma(x, w1, p21) }
      if (H > 3) { x = v128.load32_splat(p, 116); p30 = fma(x, w0, p30); p31 = fma(x, w1, p31) }
      if (H > 4) { x = v128.load32_splat(p, 148); p40 = fma(x, w0, p40); p41 = fma(x, w1, p41) }
      if (H > 5) { x = v128.load32_splat(p, 180); p50 = fma(x, w0, p50); p51 = fma(x, w1, p51) }
      w0 = v128.load(w, 192); w1 = v128.load(w, 208)
      x = v128.load32_splat(p, 24); p00 = fma(x, w0, p00); p01 = fma(x, w1, p01)
      if (H > 1) { x = v128.load32_splat(p, 56); p10 = fma(x, w0, p10); p11 = fma(x, w1, p11) }
      if (H > 2) { x = v128.load32_splat(p, 88); p20 = fma(x, w0, p20); p21 = fma(x, w1, p21) }
      if (H > 3) { x = v128.load32_splat(p, 120); p30 = fma(x, w0, p30); p31 = fma(x, w1, p31) }
      if (H > 4) { x = v128.load32_splat(p, 152); p40 = fma(x, w0, p40); p41 = fma(x, w1, p41) }
      if (H > 5) { x = v128.load32_splat(p, 184); p50 = fma(x, w0, p50); p51 = fma(x, w1, p51) }
      w0 = v128.load(w, 224); w1 = v128.load(w, 240)
      x = v128.load32_splat(p, 28); p00 = fma(x, w0, p00); p01 = fma(x, w1, p01)
      if (H > 1) { x = v128.load32_splat(p, 60); p10 = fma(x, w0, p10); p11 = fma(x, w1, p11) }
      if (H > 2) { x = v128.load32_splat(p, 92); p20 = fma(x, w0, p20); p21 = fma(x, w1, p21) }
      if (H > 3) { x = v128.load32_splat(p, 124); p30 = fma(x, w0, p30); p31 = fma(x, w1, p31) }
      if (H > 4) { x = v128.load32_splat(p, 156); p40 = fma(x, w0, p40); p41 = fma(x, w1, p41) }
      if (H > 5) { x = v128.load32_splat(p, 188); p50 = fma(x, w0, p50); p51 = fma(x, w1, p51) }
      w += 256
      p += plane
    }
    for (let n = k & 7; n > 0; --n) {
      w0 = v128.load(w); w1 = v128.load(w, 16)
      x = v128.load32_splat(p); p00 = fma(x, w0, p00); p01 = fma(x, w1, p01)
      if (H > 1) { x = v128.load32_splat(p, 32); p10 = fma(x, w0, p10); p11 = fma(x, w1, p11) }
      if (H > 2) { x = v128.load32_splat(p, 64); p20 = fma(x, w0, p20); p21 = fma(x, w1, p21) }
      if (H > 3) { x = v128.load32_splat(p, 96); p30 = fma(x, w0, p30); p31 = fma(x, w1, p31) }
      if (H > 4) { x = v128.load32_splat(p, 128); p40 = fma(x, w0, p40); p41 = fma(x, w1, p41) }
      if (H > 5) { x = v128.load32_splat(p, 160); p50 = fma(x, w0, p50); p51 = fma(x, w1, p51) }
      w += 32
      p += 4
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
    if (H > 1) { v128.store(c, p10, 32); v128.store(c, p11, 48) }
    if (H > 2) { v128.store(c, p20, 64); v128.store(c, p21, 80) }
    if (H > 3) { v128.store(c, p30, 96); v128.store(c, p31, 112) }
    if (H > 4) { v128.store(c, p40, 128); v128.store(c, p41, 144) }
    if (H > 5) { v128.store(c, p50, 160); v128.store(c, p51, 176) }
    a += <usize>H << 5
    c += <usize>H << 5
  }
}

function strip1(a: usize, plane: usize, w: usize, bias: usize, k: i32, c: usize, flags: i32, tiles: i32): void {
  strip(1, a, plane, w, bias, k, c, flags, tiles)
}
function strip2(a: usize, plane: usize, w: usize, bias: usize, k: i32, c: usize, flags: i32, tiles: i32): void {
  strip(2, a, plane, w, bias, k, c, flags, tiles)
}
function strip3(a: usize, plane: usize, w: usize, bias: usize, k: i32, c: usize, flags: i32, tiles: i32): void {
  strip(3, a, plane, w, bias, k, c, flags, tiles)
}
function strip4(a: usize, plane: usize, w: usize, bias: usize, k: i32, c: usize, flags: i32, tiles: i32): void {
  strip(4, a, plane, w, bias, k, c, flags, tiles)
}
function strip5(a: usize, plane: usize, w: usize, bias: usize, k: i32, c: usize, flags: i32, tiles: i32): void {
  strip(5, a, plane, w, bias, k, c, flags, tiles)
}
function strip6(a: usize, plane: usize, w: usize, bias: usize, k: i32, c: usize, flags: i32, tiles: i32): void {
  strip(6, a, plane, w, bias, k, c, flags, tiles)
}

/** `tiles` tiles of `h` pixels each, one after the other. */
export function strips(h: i32, a: usize, plane: usize, w: usize, bias: usize, k: i32, c: usize, flags: i32, tiles: i32): void {
  switch (h) {
    case 6: strip6(a, plane, w, bias, k, c, flags, tiles); break
    case 5: strip5(a, plane, w, bias, k, c, flags, tiles); break
    case 4: strip4(a, plane, w, bias, k, c, flags, tiles); break
    case 3: strip3(a, plane, w, bias, k, c, flags, tiles); break
    case 2: strip2(a, plane, w, bias, k, c, flags, tiles); break
    default: strip1(a, plane, w, bias, k, c, flags, tiles)
  }
}
