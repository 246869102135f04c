/**
 * (x - mean) / sqrt(variance + EPSILON) * weight + bias over the K channels of each row, f32. Units are rows. WEIGHTS: for each group of
 * 8 channels 8 weights, then 8 biases. Rows go in blocks, group of channels by group, so that memory is read in order. The mean is
 * corrected by the mean of the differences from it: where these are small its own rounding counts. Scratch: for each row of a block the
 * mean, then factor and offset of the differences, before which their squares' sum and their sum.
 */
import { DST, DST_PLANE, EPSILON, K, ROW_BLOCK, SRC, SRC_PLANE, WEIGHTS } from '../src/abi'
import { lanes, total } from './lanes'
import { at, pointer, real } from './record'
import { fma } from './simd'

/** Bytes of scratch memory of a row. */
const ROW: usize = 48

export function layerNorm(step: usize, from: i32, to: i32, scratch: usize): void {
  const k = at(step, K)
  const srcPlane = pointer(step, SRC_PLANE), dstPlane = pointer(step, DST_PLANE)
  const part = f32x4.splat(1 / <f32>k), epsilon = f32x4.splat(real(step, EPSILON))
  for (let b = from; b < to; b += ROW_BLOCK) {
    const end = scratch + <usize>min(ROW_BLOCK, to - b) * ROW
    const src = pointer(step, SRC) + (<usize>b << 5)
    memory.fill(scratch, 0, end - scratch)
    for (let c = 0, p = src; c < k; c += 8, p += srcPlane) {
      const m0 = lanes(c, k), m1 = lanes(c + 4, k)
      for (let r = scratch, x = p; r < end; r += ROW, x += 32) {
        v128.store(r, f32x4.add(v128.load(r), f32x4.add(v128.and(v128.load(x), m0), v128.and(v128.load(x, 16), m1))))
      }
    }
    for (let r = scratch; r < end; r += ROW) v128.store(r, f32x4.mul(total(v128.load(r)), part))
    for (let c = 0, p = src; c < k; c += 8, p += srcPlane) {
      const m0 = lanes(c, k), m1 = lanes(c + 4, k)
      for (let r = scratch, x = p; r < end; r += ROW, x += 32) {
        const mean = v128.load(r)
        const d0 = v128.and(f32x4.sub(v128.load(x), mean), m0), d1 = v128.and(f32x4.sub(v128.load(x, 16), mean), m1)
        v128.store(r, fma(d0, d0, fma(d1, d1, v128.load(r, 16))), 16)
        v128.store(r, f32x4.add(v128.load(r, 32), f32x4.add(d0, d1)), 32)
      }
    }
    for (let r = scratch; r < end; r += ROW) {
      const error = f32x4.mul(total(v128.load(r, 32)), part)
      const variance = f32x4.sub(f32x4.mul(total(v128.load(r, 16)), part), f32x4.mul(error, error))
      const factor = f32x4.div(f32x4.splat(1), f32x4.sqrt(f32x4.add(variance, epsilon)))
      v128.store(r, factor, 16)
      v128.store(r, f32x4.neg(f32x4.mul(error, factor)), 32)
    }
    let w = pointer(step, WEIGHTS)
    let q = pointer(step, DST) + (<usize>b << 5)
    for (let c = 0, p = src; c < k; c += 8, p += srcPlane, q += dstPlane, w += 64) {
      const w0 = v128.load(w), w1 = v128.load(w, 16), b0 = v128.load(w, 32), b1 = v128.load(w, 48)
      for (let r = scratch, x = p, y = q; r < end; r += ROW, x += 32, y += 32) {
        const mean = v128.load(r), factor = v128.load(r, 16), offset = v128.load(r, 32)
        v128.store(y, fma(fma(f32x4.sub(v128.load(x), mean), factor, offset), w0, b0))
        v128.store(y, fma(fma(f32x4.sub(v128.load(x, 16), mean), factor, offset), w1, b1), 16)
      }
    }
  }
}
