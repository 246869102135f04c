/** Mean over the PIXELS of each image, f32. Units are groups of 8 channels of each image. */
import { DST, PIXELS, SRC } from '../src/abi'
import { at, pointer } from './record'

export function globalAvgPool(step: usize, from: i32, to: i32): void {
  const pixels = at(step, PIXELS)
  const divisor = f32x4.splat(<f32>pixels)
  let p = pointer(step, SRC) + (<usize>from * <usize>pixels << 5)
  for (let u = from; u < to; ++u) {
    let s0 = f32x4.splat(0), s1 = s0, t0 = s0, t1 = s0
    for (let n = pixels >> 1; n > 0; --n) {
      s0 = f32x4.add(s0, v128.load(p))
      s1 = f32x4.add(s1, v128.load(p, 16))
      t0 = f32x4.add(t0, v128.load(p, 32))
      t1 = f32x4.add(t1, v128.load(p, 48))
      p += 64
    }
    if (pixels & 1) {
      s0 = f32x4.add(s0, v128.load(p))
      s1 = f32x4.add(s1, v128.load(p, 16))
      p += 32
    }
    const dst = pointer(step, DST) + (<usize>u << 5)
    v128.store(dst, f32x4.div(f32x4.add(s0, t0), divisor))
    v128.store(dst, f32x4.div(f32x4.add(s1, t1), divisor), 16)
  }
}
