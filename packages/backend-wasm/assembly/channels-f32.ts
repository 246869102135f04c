/**
 * K channels from channel SRC_START of one value to channel DST_START of another, f32, other channels of which stay. Units are
 * pixels of the whole batch. Channels go in runs that lie in one group of 8 on both sides.
 */
import { DST, DST_PLANE, DST_START, K, SRC, SRC_PLANE, SRC_START } from '../src/abi'
import { at, pointer } from './record'

export function channels(step: usize, from: i32, to: i32): void {
  let s = at(step, SRC_START), d = at(step, DST_START), left = at(step, K)
  while (left > 0) {
    const run = min(left, 8 - max(s & 7, d & 7))
    let p = pointer(step, SRC) + <usize>(s >> 3) * pointer(step, SRC_PLANE) + (<usize>((from << 3) + (s & 7)) << 2)
    let q = pointer(step, DST) + <usize>(d >> 3) * pointer(step, DST_PLANE) + (<usize>((from << 3) + (d & 7)) << 2)
    for (let n = to - from; n > 0; --n, p += 32, q += 32) {
      if (run == 8) {
        v128.store(q, v128.load(p))
        v128.store(q, v128.load(p, 16), 16)
        continue
      }
      let o: usize = 0
      if (run & 4) {
        v128.store(q, v128.load(p))
        o = 16
      }
      if (run & 2) {
        store<u64>(q + o, load<u64>(p + o))
        o += 8
      }
      if (run & 1) store<f32>(q + o, load<f32>(p + o))
    }
    s += run
    d += run
    left -= run
  }
}
