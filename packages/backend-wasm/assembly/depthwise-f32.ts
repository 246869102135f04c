/**
 * Depthwise convolution of any kernel, stride, padding and dilation, f32, 4 channels at a time. Units are output rows of
 * each group of 8 channels. Weights: per 4 channels, bias, then one vector per tap in kernel order.
 */
import {
  ACTIVATION, BATCH, DILATION_H, DILATION_W, DST, DST_PLANE, IN_H, IN_W, KERNEL_H, KERNEL_W, OUT_H, OUT_W, PAD_H, PAD_W, SRC,
  SRC_PLANE, STRIDE_H, STRIDE_W, WEIGHTS,
} from '../src/abi'
import { finish } from './activate-f32'
import { at, pointer } from './record'
import { atLeast, floorOf, fma } from './simd'

export function depthwise(step: usize, from: i32, to: i32): void {
  const inH = at(step, IN_H), inW = at(step, IN_W), outH = at(step, OUT_H), outW = at(step, OUT_W)
  const kernelH = at(step, KERNEL_H), kernelW = at(step, KERNEL_W)
  const dilationH = at(step, DILATION_H), dilationW = at(step, DILATION_W)
  const rows = outH * at(step, BATCH)
  const halfBytes = (<usize>(kernelH * kernelW) + 1) << 4
  const activation = at(step, ACTIVATION)
  const low = f32x4.splat(floorOf(activation))
  for (let u = from; u < to; ++u) {
    const group = <usize>(u / rows)
    const row = u % rows
    const image = pointer(step, SRC) + group * pointer(step, SRC_PLANE) + (<usize>((row / outH) * inH * inW) << 5)
    const weights = pointer(step, WEIGHTS) + ((group * halfBytes) << 1)
    const y = (row % outH) * at(step, STRIDE_H) - at(step, PAD_H)
    let dst = pointer(step, DST) + group * pointer(step, DST_PLANE) + (<usize>(row * outW) << 5)
    for (let ox = 0; ox < outW; ++ox) {
      const x = ox * at(step, STRIDE_W) - at(step, PAD_W)
      let w = weights
      let s0 = v128.load(w), s1 = v128.load(w + halfBytes)
      for (let ky = 0; ky < kernelH; ++ky) {
        const iy = y + ky * dilationH
        for (let kx = 0; kx < kernelW; ++kx) {
          const ix = x + kx * dilationW
          w += 16
          if (<u32>iy < <u32>inH && <u32>ix < <u32>inW) {
            const p = image + (<usize>(iy * inW + ix) << 5)
            s0 = fma(v128.load(p), v128.load(w), s0)
            s1 = fma(v128.load(p, 16), v128.load(w + halfBytes), s1)
          }
        }
      }
      v128.store(dst, atLeast(s0, low))
      v128.store(dst, atLeast(s1, low), 16)
      dst += 32
    }
    finish(activation, dst - (<usize>outW << 5), outW << 1)
  }
}
