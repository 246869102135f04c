/**
 * Softmax over the K channels of each row, f32. Units are rows. The maximum is subtracted first; a NaN fills its row. Rows go in blocks,
 * group of channels by group, so that memory is read in order. Scratch: for each row of a block its maximum, then its sum.
 */
import { DST, DST_PLANE, K, ROW_BLOCK, SRC, SRC_PLANE } from '../src/abi'
import { exp } from './exp-f32'
import { lanes, largest, total } from './lanes'
import { at, pointer } from './record'

/** Of `k` channels times `scale`; may be done in place. */
export function softmaxRows(
  src: usize, srcPlane: usize, dst: usize, dstPlane: usize, rows: i32, k: i32, scale: f32, stats: usize,
): void {
  const end = stats + (<usize>rows << 5)
  const factor = f32x4.splat(scale), low = f32x4.splat(-Infinity)
  for (let r = stats; r < end; r += 32) v128.store(r, low), v128.store(r, f32x4.splat(0), 16)
  for (let c = 0, p = src; c < k; c += 8, p += srcPlane) {
    const m0 = lanes(c, k), m1 = lanes(c + 4, k)
    for (let r = stats, x = p; r < end; r += 32, x += 32) {
      const a = v128.bitselect(f32x4.mul(v128.load(x), factor), low, m0)
      const b = v128.bitselect(f32x4.mul(v128.load(x, 16), factor), low, m1)
      v128.store(r, f32x4.max(v128.load(r), f32x4.max(a, b)))
    }
  }
  for (let r = stats; r < end; r += 32) v128.store(r, largest(v128.load(r)))
  for (let c = 0, p = src, q = dst; c < k; c += 8, p += srcPlane, q += dstPlane) {
    const m0 = lanes(c, k), m1 = lanes(c + 4, k)
    for (let r = stats, x = p, y = q; r < end; r += 32, x += 32, y += 32) {
      const top = v128.load(r)
      const a = exp(f32x4.sub(f32x4.mul(v128.load(x), factor), top))
      const b = exp(f32x4.sub(f32x4.mul(v128.load(x, 16), factor), top))
      v128.store(y, a)
      v128.store(y, b, 16)
      v128.store(r, f32x4.add(v128.load(r, 16), f32x4.add(v128.and(a, m0), v128.and(b, m1))), 16)
    }
  }
  for (let r = stats; r < end; r += 32) v128.store(r, f32x4.div(f32x4.splat(1), total(v128.load(r, 16))))
  for (let c = 0, q = dst; c < k; c += 8, q += dstPlane) {
    for (let r = stats, y = q; r < end; r += 32, y += 32) {
      const share = v128.load(r)
      v128.store(y, f32x4.mul(v128.load(y), share))
      v128.store(y, f32x4.mul(v128.load(y, 16), share), 16)
    }
  }
}

export function softmax(step: usize, from: i32, to: i32, scratch: usize): void {
  const src = pointer(step, SRC), dst = pointer(step, DST)
  for (let r = from; r < to; r += ROW_BLOCK) {
    const offset = <usize>r << 5
    softmaxRows(
      src + offset, pointer(step, SRC_PLANE), dst + offset, pointer(step, DST_PLANE), min(ROW_BLOCK, to - r), at(step, K), 1, scratch,
    )
  }
}
