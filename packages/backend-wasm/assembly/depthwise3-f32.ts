/**
 * Depthwise 3 x 3, padding 1, stride 1 or 2, f32, tile T = 4..8 outputs of one row x 4 channels, 128-bit SIMD. Units are
 * output rows of each group of 8 channels.
 *
 * Registers: T sums, 3 weights, 1 input. Each of the 3 input rows is walked once: an input is loaded once and added to
 * the up to 3 outputs it belongs to. A column outside of the image is read from ZEROS; a row outside of it is left out. Tile widths are balanced: a row of 28 is 4 tiles of 7. Weights: per 4 channels, bias,
 * then 9 vectors in kernel order.
 *
 * Where INVERSE is not 0, results are stored as levels (levels-int8.ts): a band of rows is made in scratch memory, and taken from there.
 */
import {
  ACTIVATION, BAND_PIXELS, BATCH, DST, DST_PLANE, IN_H, IN_W, INVERSE, OUT_H, OUT_W, SRC, SRC_PLANE, STRIDE_H, WEIGHTS, ZEROS,
} from '../src/abi'
import { finish } from './activate-f32'
import { placeOf, storeLevels } from './levels-int8'
import { at, pointer } from './record'
import { atLeast, floorOf, fma } from './simd'

// @ts-ignore: decorator
@inline
function plane1(
  T: i32, src: usize, inH: i32, inW: i32, w: usize, dst: usize, outW: i32, from: i32, to: i32, x0: i32, tiles: i32, zeros: usize,
  floor: f32,
): void {
  const inRow = <usize>inW << 5
  const low = f32x4.splat(floor)
  for (let y = from; y < to; ++y) {
    const iy = y
    const skipped = iy == 0 ? 1 : 0
    const rows = 3 - skipped - (iy + 1 == inH ? 1 : 0)
    let a = src + <usize>(iy - 1 + skipped) * inRow + (<usize>x0 << 5)
    let c = dst + (<usize>(y * outW + x0) << 5)
    let x = x0
    for (let n = tiles; n > 0; --n) {
      const outsideLeft = x == 0
      x += T
      const outsideRight = x == outW
      let s0 = v128.load(w), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0
      let p = a
      let taps = w + (<usize>skipped * 48)
      for (let r = rows; r > 0; --r, p += inRow, taps += 48) {
        const left = v128.load(taps, 16), centre = v128.load(taps, 32), right = v128.load(taps, 48)
        let v = v128.load(outsideLeft ? zeros : p - 32); s0 = fma(v, left, s0)
        v = v128.load(p); s0 = fma(v, centre, s0); s1 = fma(v, left, s1)
        v = v128.load(p, 32); s0 = fma(v, right, s0); s1 = fma(v, centre, s1); s2 = fma(v, left, s2)
        v = v128.load(p, 64); s1 = fma(v, right, s1); s2 = fma(v, centre, s2); s3 = fma(v, left, s3)
        v = v128.load(p, 96); s2 = fma(v, right, s2); s3 = fma(v, centre, s3); if (T > 4) s4 = fma(v, left, s4)
        if (T > 4) { v = v128.load(p, 128); s3 = fma(v, right, s3); s4 = fma(v, centre, s4); if (T > 5) s5 = fma(v, left, s5) }
        if (T > 5) { v = v128.load(p, 160); s4 = fma(v, right, s4); s5 = fma(v, centre, s5); if (T > 6) s6 = fma(v, left, s6) }
        if (T > 6) { v = v128.load(p, 192); s5 = fma(v, right, s5); s6 = fma(v, centre, s6); if (T > 7) s7 = fma(v, left, s7) }
        if (T > 7) { v = v128.load(p, 224); s6 = fma(v, right, s6); s7 = fma(v, centre, s7) }
        v = v128.load(outsideRight ? zeros : p + (<usize>T << 5))
        if (T == 4) s3 = fma(v, right, s3)
        if (T == 5) s4 = fma(v, right, s4)
        if (T == 6) s5 = fma(v, right, s5)
        if (T == 7) s6 = fma(v, right, s6)
        if (T == 8) s7 = fma(v, right, s7)
      }
      v128.store(c, atLeast(s0, low))
      v128.store(c, atLeast(s1, low), 32)
      v128.store(c, atLeast(s2, low), 64)
      v128.store(c, atLeast(s3, low), 96)
      if (T > 4) v128.store(c, atLeast(s4, low), 128)
      if (T > 5) v128.store(c, atLeast(s5, low), 160)
      if (T > 6) v128.store(c, atLeast(s6, low), 192)
      if (T > 7) v128.store(c, atLeast(s7, low), 224)
      a += <usize>T << 5
      c += <usize>T << 5
    }
  }
}

// @ts-ignore: decorator
@inline
function plane2(
  T: i32, src: usize, inH: i32, inW: i32, w: usize, dst: usize, outW: i32, from: i32, to: i32, x0: i32, tiles: i32, zeros: usize,
  floor: f32,
): void {
  const inRow = <usize>inW << 5
  const low = f32x4.splat(floor)
  for (let y = from; y < to; ++y) {
    const iy = y << 1
    const skipped = iy == 0 ? 1 : 0
    const rows = 3 - skipped - (iy + 1 == inH ? 1 : 0)
    let a = src + <usize>(iy - 1 + skipped) * inRow + (<usize>x0 << 6)
    let c = dst + (<usize>(y * outW + x0) << 5)
    let x = x0
    for (let n = tiles; n > 0; --n) {
      const outsideLeft = x == 0
      x += T
      const outsideRight = (x << 1) > inW
      let s0 = v128.load(w), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0
      let p = a
      let taps = w + (<usize>skipped * 48)
      for (let r = rows; r > 0; --r, p += inRow, taps += 48) {
        const left = v128.load(taps, 16), centre = v128.load(taps, 32), right = v128.load(taps, 48)
        let v = v128.load(outsideLeft ? zeros : p - 32); s0 = fma(v, left, s0)
        v = v128.load(p); s0 = fma(v, centre, s0); v = v128.load(p, 32); s0 = fma(v, right, s0); s1 = fma(v, left, s1)
        v = v128.load(p, 64); s1 = fma(v, centre, s1); v = v128.load(p, 96); s1 = fma(v, right, s1); s2 = fma(v, left, s2)
        v = v128.load(p, 128); s2 = fma(v, centre, s2); v = v128.load(p, 160); s2 = fma(v, right, s2); s3 = fma(v, left, s3)
        v = v128.load(p, 192); s3 = fma(v, centre, s3); if (T > 4) { v = v128.load(p, 224); s3 = fma(v, right, s3); s4 = fma(v, left, s4) }
        if (T > 4) { v = v128.load(p, 256); s4 = fma(v, centre, s4); if (T > 5) { v = v128.load(p, 288); s4 = fma(v, right, s4); s5 = fma(v, left, s5) } }
        if (T > 5) { v = v128.load(p, 320); s5 = fma(v, centre, s5); if (T > 6) { v = v128.load(p, 352); s5 = fma(v, right, s5); s6 = fma(v, left, s6) } }
        if (T > 6) { v = v128.load(p, 384); s6 = fma(v, centre, s6); if (T > 7) { v = v128.load(p, 416); s6 = fma(v, right, s6); s7 = fma(v, left, s7) } }
        if (T > 7) { v = v128.load(p, 448); s7 = fma(v, centre, s7) }
        v = v128.load(outsideRight ? zeros : p + (<usize>T << 6) - 32)
        if (T == 4) s3 = fma(v, right, s3)
        if (T == 5) s4 = fma(v, right, s4)
        if (T == 6) s5 = fma(v, right, s5)
        if (T == 7) s6 = fma(v, right, s6)
        if (T == 8) s7 = fma(v, right, s7)
      }
      v128.store(c, atLeast(s0, low))
      v128.store(c, atLeast(s1, low), 32)
      v128.store(c, atLeast(s2, low), 64)
      v128.store(c, atLeast(s3, low), 96)
      if (T > 4) v128.store(c, atLeast(s4, low), 128)
      if (T > 5) v128.store(c, atLeast(s5, low), 160)
      if (T > 6) v128.store(c, atLeast(s6, low), 192)
      if (T > 7) v128.store(c, atLeast(s7, low), 224)
      a += <usize>T << 6
      c += <usize>T << 5
    }
  }
}

function plane1x4(
  src: usize, inH: i32, inW: i32, w: usize, dst: usize, outW: i32, from: i32, to: i32, x0: i32, tiles: i32, zeros: usize, floor: f32,
): void {
  plane1(4, src, inH, inW, w, dst, outW, from, to, x0, tiles, zeros, floor)
}
function plane1x5(
  src: usize, inH: i32, inW: i32, w: usize, dst: usize, outW: i32, from: i32, to: i32, x0: i32, tiles: i32, zeros: usize, floor: f32,
): void {
  plane1(5, src, inH, inW, w, dst, outW, from, to, x0, tiles, zeros, floor)
}
function plane1x6(
  src: usize, inH: i32, inW: i32, w: usize, dst: usize, outW: i32, from: i32, to: i32, x0: i32, tiles: i32, zeros: usize, floor: f32,
): void {
  plane1(6, src, inH, inW, w, dst, outW, from, to, x0, tiles, zeros, floor)
}
function plane1x7(
  src: usize, inH: i32, inW: i32, w: usize, dst: usize, outW: i32, from: i32, to: i32, x0: i32, tiles: i32, zeros: usize, floor: f32,
): void {
  plane1(7, src, inH, inW, w, dst, outW, from, to, x0, tiles, zeros, floor)
}
function plane1x8(
  src: usize, inH: i32, inW: i32, w: usize, dst: usize, outW: i32, from: i32, to: i32, x0: i32, tiles: i32, zeros: usize, floor: f32,
): void {
  plane1(8, src, inH, inW, w, dst, outW, from, to, x0, tiles, zeros, floor)
}

function plane2x4(
  src: usize, inH: i32, inW: i32, w: usize, dst: usize, outW: i32, from: i32, to: i32, x0: i32, tiles: i32, zeros: usize, floor: f32,
): void {
  plane2(4, src, inH, inW, w, dst, outW, from, to, x0, tiles, zeros, floor)
}
function plane2x5(
  src: usize, inH: i32, inW: i32, w: usize, dst: usize, outW: i32, from: i32, to: i32, x0: i32, tiles: i32, zeros: usize, floor: f32,
): void {
  plane2(5, src, inH, inW, w, dst, outW, from, to, x0, tiles, zeros, floor)
}
function plane2x6(
  src: usize, inH: i32, inW: i32, w: usize, dst: usize, outW: i32, from: i32, to: i32, x0: i32, tiles: i32, zeros: usize, floor: f32,
): void {
  plane2(6, src, inH, inW, w, dst, outW, from, to, x0, tiles, zeros, floor)
}
function plane2x7(
  src: usize, inH: i32, inW: i32, w: usize, dst: usize, outW: i32, from: i32, to: i32, x0: i32, tiles: i32, zeros: usize, floor: f32,
): void {
  plane2(7, src, inH, inW, w, dst, outW, from, to, x0, tiles, zeros, floor)
}
function plane2x8(
  src: usize, inH: i32, inW: i32, w: usize, dst: usize, outW: i32, from: i32, to: i32, x0: i32, tiles: i32, zeros: usize, floor: f32,
): void {
  plane2(8, src, inH, inW, w, dst, outW, from, to, x0, tiles, zeros, floor)
}

function tiled(
  stride: i32, T: i32,
  src: usize, inH: i32, inW: i32, w: usize, dst: usize, outW: i32, from: i32, to: i32, x0: i32, tiles: i32, zeros: usize, floor: f32,
): void {
  switch (stride == 1 ? T : T + 8) {
    case 4: plane1x4(src, inH, inW, w, dst, outW, from, to, x0, tiles, zeros, floor); break
    case 5: plane1x5(src, inH, inW, w, dst, outW, from, to, x0, tiles, zeros, floor); break
    case 6: plane1x6(src, inH, inW, w, dst, outW, from, to, x0, tiles, zeros, floor); break
    case 7: plane1x7(src, inH, inW, w, dst, outW, from, to, x0, tiles, zeros, floor); break
    case 8: plane1x8(src, inH, inW, w, dst, outW, from, to, x0, tiles, zeros, floor); break
    case 12: plane2x4(src, inH, inW, w, dst, outW, from, to, x0, tiles, zeros, floor); break
    case 13: plane2x5(src, inH, inW, w, dst, outW, from, to, x0, tiles, zeros, floor); break
    case 14: plane2x6(src, inH, inW, w, dst, outW, from, to, x0, tiles, zeros, floor); break
    case 15: plane2x7(src, inH, inW, w, dst, outW, from, to, x0, tiles, zeros, floor); break
    case 16: plane2x8(src, inH, inW, w, dst, outW, from, to, x0, tiles, zeros, floor); break
    default: unreachable()
  }
}

export function depthwise3(step: usize, from: i32, to: i32, scratch: usize): void {
  const inH = at(step, IN_H), inW = at(step, IN_W), outH = at(step, OUT_H), outW = at(step, OUT_W)
  const batch = at(step, BATCH)
  const stride = at(step, STRIDE_H)
  const activation = at(step, ACTIVATION)
  const floor = floorOf(activation)
  const zeros = pointer(step, ZEROS)
  const tiles = (outW + 7) >> 3
  const narrow = outW / tiles
  const wide = outW - narrow * tiles
  const x1 = wide * (narrow + 1)
  const band = max(1, BAND_PIXELS / outW)
  const inverse = pointer(step, INVERSE)
  while (from < to) {
    const plane = from / outH
    const first = from - plane * outH
    const last = min(min(outH, to - plane * outH), first + band)
    const group = <usize>(plane / batch)
    const image = plane % batch
    let src = pointer(step, SRC) + group * pointer(step, SRC_PLANE) + (<usize>(image * inH * inW) << 5)
    const row = image * outH
    let dst = inverse
      ? scratch - (<usize>(first * outW) << 5)
      : pointer(step, DST) + group * pointer(step, DST_PLANE) + (<usize>(row * outW) << 5)
    let w = pointer(step, WEIGHTS) + group * 320
    for (let half = 0; half < 2; ++half) {
      if (wide) tiled(stride, narrow + 1, src, inH, inW, w, dst, outW, first, last, 0, wide, zeros, floor)
      tiled(stride, narrow, src, inH, inW, w, dst, outW, first, last, x1, tiles - wide, zeros, floor)
      src += 16
      dst += 16
      w += 160
    }
    const pixels = (last - first) * outW
    finish(activation, dst - 32 + (<usize>(first * outW) << 5), pixels << 1)
    if (inverse) {
      const place = placeOf(pointer(step, DST), pointer(step, DST_PLANE), group)
      storeLevels(scratch, 32, pixels, inverse + (group << 5), place + (<usize>((row + first) * outW) << 4))
    }
    from += last - first
  }
}
