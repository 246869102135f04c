/**
 * Depthwise 3 x 3, padding 1, stride 1 or 2, f32, 4 channels at a time, 128-bit SIMD. Units are output rows of each
 * group of 8 channels.
 *
 * One output row of 4 channels keeps its 9 weights in registers and walks along x: each input column of 3 vectors is
 * loaded once and added to every output it belongs to. A row outside of the image is read from a row of zeros, so the
 * inner loop has no branch. Weights: per 4 channels, bias, then 9 vectors in kernel order.
 */
import { ACTIVATION, BATCH, DST, DST_PLANE, IN_H, IN_W, OUT_H, OUT_W, RELU, SRC, SRC_PLANE, STRIDE_H, WEIGHTS, ZEROS } from '../src/abi'
import { at, pointer } from './record'
import { atLeast, floorOf, fma } from './simd'

function row1(a: usize, b: usize, d: usize, w: usize, c: usize, outW: i32, floor: f32): void {
  const low = f32x4.splat(floor)
  const w0 = v128.load(w, 16), w1 = v128.load(w, 32), w2 = v128.load(w, 48)
  const w3 = v128.load(w, 64), w4 = v128.load(w, 80), w5 = v128.load(w, 96)
  const w6 = v128.load(w, 112), w7 = v128.load(w, 128), w8 = v128.load(w, 144)
  let x = v128.load(a), y = v128.load(b), z = v128.load(d)
  let here = fma(z, w7, fma(y, w4, fma(x, w1, v128.load(w))))
  let next = fma(z, w6, fma(y, w3, fma(x, w0, v128.load(w))))
  for (let n = outW - 1; n > 0; --n) {
    x = v128.load(a, 32)
    y = v128.load(b, 32)
    z = v128.load(d, 32)
    v128.store(c, atLeast(fma(z, w8, fma(y, w5, fma(x, w2, here))), low))
    here = fma(z, w7, fma(y, w4, fma(x, w1, next)))
    next = fma(z, w6, fma(y, w3, fma(x, w0, v128.load(w))))
    a += 32
    b += 32
    d += 32
    c += 32
  }
  v128.store(c, atLeast(here, low))
}

/** `last`: the input has no column right of the last output's centre. */
function row2(a: usize, b: usize, d: usize, w: usize, c: usize, outW: i32, last: bool, floor: f32): void {
  const low = f32x4.splat(floor)
  const w0 = v128.load(w, 16), w1 = v128.load(w, 32), w2 = v128.load(w, 48)
  const w3 = v128.load(w, 64), w4 = v128.load(w, 80), w5 = v128.load(w, 96)
  const w6 = v128.load(w, 112), w7 = v128.load(w, 128), w8 = v128.load(w, 144)
  let sum = v128.load(w)
  for (let n = last ? outW - 1 : outW; n > 0; --n) {
    let x = v128.load(a), y = v128.load(b), z = v128.load(d)
    sum = fma(z, w7, fma(y, w4, fma(x, w1, sum)))
    x = v128.load(a, 32)
    y = v128.load(b, 32)
    z = v128.load(d, 32)
    v128.store(c, atLeast(fma(z, w8, fma(y, w5, fma(x, w2, sum))), low))
    sum = fma(z, w6, fma(y, w3, fma(x, w0, v128.load(w))))
    a += 64
    b += 64
    d += 64
    c += 32
  }
  if (last) v128.store(c, atLeast(fma(v128.load(d), w7, fma(v128.load(b), w4, fma(v128.load(a), w1, sum))), low))
}

export function depthwise3(step: usize, from: i32, to: i32): void {
  const inH = at(step, IN_H), inW = at(step, IN_W), outH = at(step, OUT_H), outW = at(step, OUT_W)
  const rows = outH * at(step, BATCH)
  const stride = at(step, STRIDE_H)
  const floor = floorOf(at(step, ACTIVATION) == RELU)
  const zeros = pointer(step, ZEROS)
  const inRow = <usize>inW << 5
  const outRow = <usize>outW << 5
  for (let u = from; u < to; ++u) {
    const group = <usize>(u / rows)
    const row = u % rows
    const y = (row % outH) * stride
    let b = pointer(step, SRC) + group * pointer(step, SRC_PLANE) + <usize>((row / outH) * inH + y) * inRow
    let a = y > 0 ? b - inRow : zeros
    let d = y + 1 < inH ? b + inRow : zeros
    let c = pointer(step, DST) + group * pointer(step, DST_PLANE) + <usize>row * outRow
    let w = pointer(step, WEIGHTS) + group * 320
    for (let half = 0; half < 2; ++half) {
      if (stride == 1) row1(a, b, d, w, c, outW, floor)
      else row2(a, b, d, w, c, outW, (inW & 1) != 0, floor)
      a += 16
      b += 16
      d += 16
      c += 16
      w += 160
    }
  }
}
