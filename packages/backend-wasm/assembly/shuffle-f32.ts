/**
 * Channels taken in turn from each of GROUPS equal groups, f32: channel c of the result is channel c % GROUPS * (K / GROUPS) + c / GROUPS.
 * Units are groups of 8 channels of the result, over all PIXELS of the batch; lanes beyond K are those of the last channel.
 */
import { DST, GROUPS, K, PIXELS, SRC } from '../src/abi'
import { gather } from './lanes'
import { at, pointer } from './record'

export function shuffle(step: usize, from: i32, to: i32): void {
  const pixels = at(step, PIXELS)
  for (let u = from; u < to; ++u) {
    const p0 = source(step, u << 3), p1 = source(step, (u << 3) + 1), p2 = source(step, (u << 3) + 2), p3 = source(step, (u << 3) + 3)
    const p4 = source(step, (u << 3) + 4), p5 = source(step, (u << 3) + 5), p6 = source(step, (u << 3) + 6), p7 = source(step, (u << 3) + 7)
    let q = pointer(step, DST) + (<usize>u * <usize>pixels << 5)
    for (let n = 0, o: usize = 0; n < pixels; ++n, o += 32, q += 32) {
      const low = gather(p0 + o, p1 + o, p2 + o, p3 + o)
      const high = gather(p4 + o, p5 + o, p6 + o, p7 + o)
      v128.store(q, low)
      v128.store(q, high, 16)
    }
  }
}

/** Where the channel that channel `to` of the result comes from begins. */
function source(step: usize, to: i32): usize {
  const groups = at(step, GROUPS)
  const c = min(to, at(step, K) - 1)
  const s = c % groups * (at(step, K) / groups) + c / groups
  return pointer(step, SRC) + (<usize>(s >> 3) * <usize>at(step, PIXELS) << 5) + (<usize>(s & 7) << 2)
}
