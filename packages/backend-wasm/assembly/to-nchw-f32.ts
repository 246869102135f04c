/** Groups of 8 channels to NCHW, f32. Units are groups of 8 channels of each image. K is the real channel count. */
import { BATCH, DST, K, PIXELS, SRC } from '../src/abi'
import { at, pointer } from './record'

export function toNchw(step: usize, from: i32, to: i32): void {
  const channels = at(step, K)
  const batch = at(step, BATCH)
  const pixels = at(step, PIXELS)
  for (let u = from; u < to; ++u) {
    const first = (u / batch) << 3
    const count = min(8, channels - first)
    let dst = pointer(step, DST) + (<usize>(((u % batch) * channels + first) * pixels) << 2)
    for (let c = 0; c < count; ++c) {
      let src = pointer(step, SRC) + (<usize>(u * pixels) << 5) + (<usize>c << 2)
      for (let p = pixels; p > 0; --p) {
        store<f32>(dst, load<f32>(src))
        src += 32
        dst += 4
      }
    }
  }
}
