/**
 * Panels of 8 rows, f32, from K channels of PIXELS rows of each item: 8 rows of a channel lie in 32 bytes, those after the last row are the
 * last. An item is found by an outer and an inner index, the latter below HEADS. Units are panels of each item.
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
  let dst = pointer(step, DST) + (<usize>(from * k) << 5)
  for (let u = from; u < to; ++u) {
    const first = u % panels << 3
    const last = <usize>(rows - 1 - first) << 5
    const src = itemOf(step, SRC, SRC_OFFSET, u / panels) + (<usize>first << 5)
    for (let c = 0; c < k; ++c) {
      const p = src + <usize>(c >> 3) * pointer(step, SRC_PLANE) + (<usize>(c & 7) << 2)
      for (let row: usize = 0; row < 256; row += 32, dst += 4) store<f32>(dst, load<f32>(p + min(row, last)))
    }
  }
}
