/** Mean over the PIXELS of each image, f32 NHWC, 4 channels at a time. Units are groups of 4 channels of the whole batch. */
import { CHANNELS, DST, PIXELS, SRC } from '../src/abi'
import { at, pointer } from './record'

export function pool(step: usize, from: i32, to: i32): void {
  const groups = at(step, CHANNELS) >> 2
  const pixels = at(step, PIXELS)
  const pixel = <usize>groups << 4
  const divisor = f32x4.splat(<f32>pixels)
  for (let u = from; u < to; ++u) {
    let p = pointer(step, SRC) + <usize>(u / groups) * <usize>pixels * pixel + (<usize>(u % groups) << 4)
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0
    let n = pixels
    for (; n >= 4; n -= 4) {
      s0 = f32x4.add(s0, v128.load(p))
      p += pixel
      s1 = f32x4.add(s1, v128.load(p))
      p += pixel
      s2 = f32x4.add(s2, v128.load(p))
      p += pixel
      s3 = f32x4.add(s3, v128.load(p))
      p += pixel
    }
    for (; n > 0; --n) {
      s0 = f32x4.add(s0, v128.load(p))
      p += pixel
    }
    const sum = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3))
    v128.store(pointer(step, DST) + (<usize>u << 4), f32x4.div(sum, divisor))
  }
}
