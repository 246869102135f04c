/** NCHW to NHWC with padded channels and back. Units are images. K is the real channel count. */
import { CHANNELS, DST, DST_STRIDE, K, PIXELS, SRC, SRC_STRIDE } from '../src/abi'
import { at, pointer } from './record'

/** SRC_STRIDE: bytes from one image of the source to the next. Padding becomes zero. */
export function toNhwc(step: usize, from: i32, to: i32): void {
  const channels = at(step, K)
  const pixels = at(step, PIXELS)
  const pixel = <usize>at(step, CHANNELS) << 2
  const plane = <usize>pixels << 2
  for (let n = from; n < to; ++n) {
    const image = pointer(step, SRC) + <usize>n * pointer(step, SRC_STRIDE)
    let dst = pointer(step, DST) + <usize>n * <usize>pixels * pixel
    for (let p: usize = 0; p < plane; p += 4) {
      let src = image + p
      let c: usize = 0
      for (; c < <usize>channels << 2; c += 4) {
        store<f32>(dst + c, load<f32>(src))
        src += plane
      }
      for (; c < pixel; c += 4) store<f32>(dst + c, 0)
      dst += pixel
    }
  }
}

/** DST_STRIDE: bytes from one image of the result to the next. */
export function toNchw(step: usize, from: i32, to: i32): void {
  const channels = at(step, K)
  const pixels = at(step, PIXELS)
  const pixel = <usize>at(step, CHANNELS) << 2
  for (let n = from; n < to; ++n) {
    const image = pointer(step, SRC) + <usize>n * <usize>pixels * pixel
    let dst = pointer(step, DST) + <usize>n * pointer(step, DST_STRIDE)
    for (let c: usize = 0; c < <usize>channels << 2; c += 4) {
      let src = image + c
      for (let p = pixels; p > 0; --p) {
        store<f32>(dst, load<f32>(src))
        src += pixel
        dst += 4
      }
    }
  }
}
