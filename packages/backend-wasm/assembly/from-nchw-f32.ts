/**
 * NCHW to groups of 8 channels, f32; the padding becomes zero. Units are groups of 8 channels of each image. K is the real
 * channel count.
 */
import { BATCH, DST, K, PIXELS, SRC } from '../src/abi'
import { at, pointer } from './record'

export function fromNchw(step: usize, from: i32, to: i32): void {
  const channels = at(step, K)
  const batch = at(step, BATCH)
  const plane = <usize>at(step, PIXELS) << 2
  for (let u = from; u < to; ++u) {
    const first = (u / batch) << 3
    const count = min(8, channels - first)
    let dst = pointer(step, DST) + ((<usize>u * plane) << 3)
    const image = pointer(step, SRC) + <usize>((u % batch) * channels + first) * plane
    for (let p: usize = 0; p < plane; p += 4) {
      let src = image + p
      for (let c = 0; c < 8; ++c) {
        store<f32>(dst, c < count ? load<f32>(src) : 0)
        src += plane
        dst += 4
      }
    }
  }
}
