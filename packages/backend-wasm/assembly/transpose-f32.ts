/**
 * Panels of 8 rows, f32, from K channels of PIXELS rows of each item: 8 rows of a channel lie in 32 bytes, those after the last row are 0.
 * An item is found by an outer and an inner index, the latter below HEADS. Units are panels of each item.
 */
import { DST, HEADS, K, PIXELS, SRC, SRC_OFFSET, SRC_PLANE } from '../src/abi'
import { at, pointer } from './record'

/** The address of item `item`, of which `place` is the first of three words. */
export function itemOf(step: usize, base: i32, place: i32, item: i32): usize {
  const heads = at(step, HEADS)
  return pointer(step, base) + pointer(step, place) + <usize>(item / heads * at(step, place + 1)) + <usize>(item % heads * at(step, place + 2))
}

export function transpose(step: usize, from: i32, to: i32): void {
  const k = at(step, K), rows = at(step, PIXELS)
  const panels = (rows + 7) >> 3
  const plane = pointer(step, SRC_PLANE)
  let dst = pointer(step, DST) + (<usize>(from * k) << 5)
  for (let u = from; u < to; ++u) {
    const first = u % panels << 3
    const src = itemOf(step, SRC, SRC_OFFSET, u / panels) + (<usize>first << 5)
    for (let half: usize = 0; half < 32; half += 16) {
      // Rows after the last are the last, until they are cleared below.
      const left = rows - first - (half >> 2)
      const step1: usize = left > 1 ? 32 : 0, step2: usize = left > 2 ? 32 : 0, step3: usize = left > 3 ? 32 : 0
      const mask = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(left))
      let q = dst + half
      for (let c = 0; c < k; c += 4) {
        const p = src + (left > 0 ? half << 3 : 0) + <usize>(c >> 3) * plane + (<usize>(c & 4) << 2)
        const a = v128.load(p), b = v128.load(p + step1), d = v128.load(p + step1 + step2), e = v128.load(p + step1 + step2 + step3)
        const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), de = v128.shuffle<f32>(d, e, 0, 4, 1, 5)
        v128.store(q, v128.and(v128.shuffle<f64>(ab, de, 0, 2), mask))
        if (c + 1 < k) v128.store(q, v128.and(v128.shuffle<f64>(ab, de, 1, 3), mask), 32)
        const ba = v128.shuffle<f32>(a, b, 2, 6, 3, 7), ed = v128.shuffle<f32>(d, e, 2, 6, 3, 7)
        if (c + 2 < k) v128.store(q, v128.and(v128.shuffle<f64>(ba, ed, 0, 2), mask), 64)
        if (c + 3 < k) v128.store(q, v128.and(v128.shuffle<f64>(ba, ed, 1, 3), mask), 96)
        q += 128
      }
    }
    dst += <usize>k << 5
  }
}
