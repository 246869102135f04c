/** PIXELS pixels every SRC_STEP pixels from SRC_START on, to every DST_STEP pixels from DST_START on, f32. Units are such runs. */
import { DST, DST_START, DST_STEP, PIXELS, SRC, SRC_START, SRC_STEP } from '../src/abi'
import { at, pointer } from './record'

export function runs(step: usize, from: i32, to: i32): void {
  for (let u = from; u < to; ++u) {
    let p = pointer(step, SRC) + (<usize>(at(step, SRC_START) + u * at(step, SRC_STEP)) << 5)
    let q = pointer(step, DST) + (<usize>(at(step, DST_START) + u * at(step, DST_STEP)) << 5)
    for (let n = at(step, PIXELS); n > 0; --n, p += 32, q += 32) {
      v128.store(q, v128.load(p))
      v128.store(q, v128.load(p, 16), 16)
    }
  }
}
