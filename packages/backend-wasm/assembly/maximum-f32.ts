/**
 * The larger of two values, f32 vectors of 4, NaN where either is, relu applied where the record says so. Units are vectors. Padding
 * channels take part: whatever they become, no real channel reads it.
 */
import { ACTIVATION, DST, SRC, WEIGHTS } from '../src/abi'
import { at, pointer } from './record'
import { atLeast, floorOf } from './simd'

export function maximum(step: usize, from: i32, to: i32): void {
  const start = <usize>from << 4
  let a = pointer(step, SRC) + start
  let b = pointer(step, WEIGHTS) + start
  let dst = pointer(step, DST) + start
  const floor = f32x4.splat(floorOf(at(step, ACTIVATION)))
  for (let n = to - from; n > 0; --n, a += 16, b += 16, dst += 16) {
    v128.store(dst, atLeast(f32x4.max(v128.load(a), v128.load(b)), floor))
  }
}
