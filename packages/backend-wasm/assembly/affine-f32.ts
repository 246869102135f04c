/**
 * One number times every element, plus another, f32 vectors of 4, relu applied where the record says so. Units are vectors. Padding
 * channels take part: whatever they become, no real channel reads it.
 */
import { ACTIVATION, DST, OFFSET, SCALE_BY, SRC } from '../src/abi'
import { at, pointer } from './record'
import { atLeast, floorOf, fma } from './simd'

export function affine(step: usize, from: i32, to: i32): void {
  let src = pointer(step, SRC) + (<usize>from << 4)
  let dst = pointer(step, DST) + (<usize>from << 4)
  const scale = f32x4.splat(reinterpret<f32>(at(step, SCALE_BY))), offset = f32x4.splat(reinterpret<f32>(at(step, OFFSET)))
  const floor = f32x4.splat(floorOf(at(step, ACTIVATION)))
  for (let n = to - from; n > 0; --n, src += 16, dst += 16) {
    v128.store(dst, atLeast(fma(v128.load(src), scale, offset), floor))
  }
}
