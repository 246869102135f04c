/**
 * Elements from one arrangement of rows and channels to another, f32. A unit moves K channels of PIXELS rows, the rows SRC_STEP and
 * DST_STEP bytes apart. WEIGHTS has what an index of the units moves by, i32, innermost first: its size, then bytes and channels of the
 * source, bytes and channels of the result; a size of 0 ends it. Channels go in runs that lie in one group of 8 on both sides.
 */
import {
  DST, DST_OFFSET, DST_PLANE, DST_START, DST_STEP, K, PIXELS, SRC, SRC_OFFSET, SRC_PLANE, SRC_START, SRC_STEP, WEIGHTS,
} from '../src/abi'
import { at, pointer } from './record'

export function copy(step: usize, from: i32, to: i32): void {
  const srcStep = pointer(step, SRC_STEP), dstStep = pointer(step, DST_STEP)
  for (let u = from; u < to; ++u) {
    let src = pointer(step, SRC) + pointer(step, SRC_OFFSET), s = at(step, SRC_START)
    let dst = pointer(step, DST) + pointer(step, DST_OFFSET), d = at(step, DST_START)
    let rest = u
    for (let index = pointer(step, WEIGHTS); at(index, 0) != 0; index += 20) {
      const i = rest % at(index, 0)
      rest /= at(index, 0)
      src += <usize>(i * at(index, 1))
      s += i * at(index, 2)
      dst += <usize>(i * at(index, 3))
      d += i * at(index, 4)
    }
    for (let left = at(step, K), run = 0; left > 0; left -= run, s += run, d += run) {
      run = min(left, 8 - max(s & 7, d & 7))
      let p = src + <usize>(s >> 3) * pointer(step, SRC_PLANE) + (<usize>(s & 7) << 2)
      let q = dst + <usize>(d >> 3) * pointer(step, DST_PLANE) + (<usize>(d & 7) << 2)
      for (let n = at(step, PIXELS); n > 0; --n, p += srcStep, q += dstStep) {
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
    }
  }
}
