/**
 * x * scale + shift per channel, f32: batch normalisation, and the gate of squeeze-and-excite (no shift, every image its own
 * scales). Units are groups of 8 channels of each image.
 */
import { ACTIVATION, BATCH, DST, PER_IMAGE, PIXELS, SHIFT, SRC, WEIGHTS } from '../src/abi'
import { at, pointer } from './record'
import { atLeast, floorOf, fma } from './simd'

export function scale(step: usize, from: i32, to: i32): void {
  const pixels = at(step, PIXELS)
  const batch = at(step, BATCH)
  const floor = f32x4.splat(floorOf(at(step, ACTIVATION)))
  const start = (<usize>from * <usize>pixels) << 5
  let src = pointer(step, SRC) + start
  let dst = pointer(step, DST) + start
  for (let u = from; u < to; ++u) {
    const group = <usize>(u / batch) << 5
    const scales = pointer(step, WEIGHTS) + (at(step, PER_IMAGE) ? <usize>u << 5 : group)
    const m0 = v128.load(scales), m1 = v128.load(scales, 16)
    let b0 = f32x4.splat(-0.0), b1 = b0
    if (at(step, SHIFT)) {
      b0 = v128.load(pointer(step, SHIFT) + group)
      b1 = v128.load(pointer(step, SHIFT) + group, 16)
    }
    for (let n = pixels; n > 0; --n) {
      v128.store(dst, atLeast(fma(v128.load(src), m0, b0), floor))
      v128.store(dst, atLeast(fma(v128.load(src, 16), m1, b1), floor), 16)
      src += 32
      dst += 32
    }
  }
}
