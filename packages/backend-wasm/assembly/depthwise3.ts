/**
 * Depthwise 3 x 3, padding 1, stride 1 or 2, f32 NHWC, 4 channels at a time, 128-bit SIMD. Units are output rows of the
 * whole batch.
 *
 * One output row of 4 channels keeps its 9 weights in registers and walks along x: each input column of 3 vectors is
 * loaded once and added to every output it belongs to. A row outside of the image is read from 16 zero bytes with step
 * 0, so the inner loop has no branch. Weights: per 4 channels, bias, then 9 vectors in kernel order.
 */
import { ACTIVATION, CHANNELS, DST, IN_H, IN_W, OUT_H, OUT_W, RELU, SRC, STRIDE_H, WEIGHTS, ZEROS } from '../src/abi'
import { at, pointer } from './record'
import { atLeast, floorOf, fma } from './simd'

function row1(a: usize, b: usize, d: usize, sa: usize, sb: usize, sd: usize, w: usize, c: usize, outW: i32, floor: f32): void {
  const low = f32x4.splat(floor)
  const w0 = v128.load(w, 16), w1 = v128.load(w, 32), w2 = v128.load(w, 48)
  const w3 = v128.load(w, 64), w4 = v128.load(w, 80), w5 = v128.load(w, 96)
  const w6 = v128.load(w, 112), w7 = v128.load(w, 128), w8 = v128.load(w, 144)
  let x = v128.load(a), y = v128.load(b), z = v128.load(d)
  let left = fma(z, w7, fma(y, w4, fma(x, w1, v128.load(w))))
  let here = fma(z, w6, fma(y, w3, fma(x, w0, v128.load(w))))
  for (let n = outW - 1; n > 0; --n) {
    a += sa
    b += sb
    d += sd
    x = v128.load(a)
    y = v128.load(b)
    z = v128.load(d)
    v128.store(c, atLeast(fma(z, w8, fma(y, w5, fma(x, w2, left))), low))
    left = fma(z, w7, fma(y, w4, fma(x, w1, here)))
    here = fma(z, w6, fma(y, w3, fma(x, w0, v128.load(w))))
    c += sb
  }
  v128.store(c, atLeast(left, low))
}

/** `last`: the input has no column right of the last output's centre. */
function row2(a: usize, b: usize, d: usize, sa: usize, sb: usize, sd: usize, w: usize, c: usize, outW: i32, last: bool, floor: f32): void {
  const low = f32x4.splat(floor)
  const w0 = v128.load(w, 16), w1 = v128.load(w, 32), w2 = v128.load(w, 48)
  const w3 = v128.load(w, 64), w4 = v128.load(w, 80), w5 = v128.load(w, 96)
  const w6 = v128.load(w, 112), w7 = v128.load(w, 128), w8 = v128.load(w, 144)
  let sum = v128.load(w)
  for (let n = last ? outW - 1 : outW; n > 0; --n) {
    let x = v128.load(a), y = v128.load(b), z = v128.load(d)
    sum = fma(z, w7, fma(y, w4, fma(x, w1, sum)))
    x = v128.load(a + sa)
    y = v128.load(b + sb)
    z = v128.load(d + sd)
    v128.store(c, atLeast(fma(z, w8, fma(y, w5, fma(x, w2, sum))), low))
    sum = fma(z, w6, fma(y, w3, fma(x, w0, v128.load(w))))
    a += sa << 1
    b += sb << 1
    d += sd << 1
    c += sb
  }
  if (last) v128.store(c, atLeast(fma(v128.load(d), w7, fma(v128.load(b), w4, fma(v128.load(a), w1, sum))), low))
}

export function depthwise3(step: usize, from: i32, to: i32): void {
  const inH = at(step, IN_H), inW = at(step, IN_W), outH = at(step, OUT_H), outW = at(step, OUT_W)
  const pixel = <usize>at(step, CHANNELS) << 2
  const stride = at(step, STRIDE_H)
  const floor = floorOf(at(step, ACTIVATION) == RELU)
  const inRow = <usize>inW * pixel
  const outRow = <usize>outW * pixel
  const weights = pointer(step, WEIGHTS)
  for (let r = from; r < to; ++r) {
    const y = (r % outH) * stride
    const dst = pointer(step, DST) + <usize>r * outRow
    const centre = pointer(step, SRC) + <usize>((r / outH) * inH + y) * inRow
    const hasTop = y > 0, hasBottom = y + 1 < inH
    const sa = hasTop ? pixel : 0
    const sd = hasBottom ? pixel : 0
    let w = weights
    for (let c: usize = 0; c < pixel; c += 16) {
      const a = hasTop ? centre - inRow + c : ZEROS
      const d = hasBottom ? centre + inRow + c : ZEROS
      if (stride == 1) row1(a, centre + c, d, sa, pixel, sd, w, dst + c, outW, floor)
      else row2(a, centre + c, d, sa, pixel, sd, w, dst + c, outW, (inW & 1) != 0, floor)
      w += 160
    }
  }
}
