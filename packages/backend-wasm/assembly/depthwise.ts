/**
 * Depthwise convolution of any kernel, stride, padding and dilation, f32 NHWC, 4 channels at a time. Units are output
 * rows of the whole batch. Weights: per 4 channels, bias, then one vector per tap in kernel order.
 */
import {
  ACTIVATION, CHANNELS, DILATION_H, DILATION_W, DST, IN_H, IN_W, KERNEL_H, KERNEL_W, OUT_H, OUT_W, PAD_H, PAD_W, RELU, SRC,
  STRIDE_H, STRIDE_W, WEIGHTS,
} from '../src/abi'
import { at, pointer } from './record'
import { atLeast, floorOf, fma } from './simd'

export function depthwise(step: usize, from: i32, to: i32): void {
  const inH = at(step, IN_H), inW = at(step, IN_W), outH = at(step, OUT_H), outW = at(step, OUT_W)
  const kernelH = at(step, KERNEL_H), kernelW = at(step, KERNEL_W)
  const dilationH = at(step, DILATION_H), dilationW = at(step, DILATION_W)
  const pixel = <usize>at(step, CHANNELS) << 2
  const groupBytes = (<usize>(kernelH * kernelW) + 1) << 4
  const floor = f32x4.splat(floorOf(at(step, ACTIVATION) == RELU))
  let dst = pointer(step, DST) + <usize>(from * outW) * pixel
  for (let r = from; r < to; ++r) {
    const image = pointer(step, SRC) + <usize>((r / outH) * inH * inW) * pixel
    const y = (r % outH) * at(step, STRIDE_H) - at(step, PAD_H)
    for (let ox = 0; ox < outW; ++ox) {
      const x = ox * at(step, STRIDE_W) - at(step, PAD_W)
      let w = pointer(step, WEIGHTS)
      for (let c: usize = 0; c < pixel; c += 16) {
        let sum = v128.load(w)
        let tap = w + 16
        for (let ky = 0; ky < kernelH; ++ky) {
          const iy = y + ky * dilationH
          for (let kx = 0; kx < kernelW; ++kx) {
            const ix = x + kx * dilationW
            if (<u32>iy < <u32>inH && <u32>ix < <u32>inW) {
              sum = fma(v128.load(image + <usize>(iy * inW + ix) * pixel + c), v128.load(tap), sum)
            }
            tap += 16
          }
        }
        v128.store(dst + c, atLeast(sum, floor))
        w += groupBytes
      }
      dst += pixel
    }
  }
}
