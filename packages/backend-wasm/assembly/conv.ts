/**
 * Any convolution: patches of a band of pixels are gathered into scratch memory as rows of a matrix, then multiplied
 * with the packed panels. Units are output pixels of the whole batch.
 *
 * The order of a patch is kernel row, kernel column, channel for an NHWC source and channel, kernel row, kernel column
 * for an NCHW one; the packed weights follow. Scratch: BLOCK patches, then, for several groups, BLOCK rows of results.
 */
import {
  BLOCK, CHANNELS, DILATION_H, DILATION_W, DST, DST_STRIDE, GROUPS, IN_C, IN_H, IN_W, K, KERNEL_H, KERNEL_W, NARROW, OUT_C,
  OUT_H, OUT_W, PAD_H, PAD_W, PANELS, PLANAR, SRC, STRIDE_H, STRIDE_W, WEIGHTS,
} from '../src/abi'
import { panels } from './gemm'
import { at, pointer } from './record'

function gatherNhwc(step: usize, image: usize, y: i32, x: i32, to: usize): void {
  const inH = at(step, IN_H), inW = at(step, IN_W)
  const kernelH = at(step, KERNEL_H), kernelW = at(step, KERNEL_W)
  const dilationH = at(step, DILATION_H), dilationW = at(step, DILATION_W)
  const pixel = <usize>at(step, CHANNELS) << 2
  const bytes = <usize>at(step, IN_C) << 2
  for (let ky = 0; ky < kernelH; ++ky) {
    const iy = y + ky * dilationH
    for (let kx = 0; kx < kernelW; ++kx) {
      const ix = x + kx * dilationW
      if (<u32>iy < <u32>inH && <u32>ix < <u32>inW) memory.copy(to, image + <usize>(iy * inW + ix) * pixel, bytes)
      else memory.fill(to, 0, bytes)
      to += bytes
    }
  }
}

function gatherNchw(step: usize, image: usize, y: i32, x: i32, to: usize): void {
  const inH = at(step, IN_H), inW = at(step, IN_W)
  const kernelH = at(step, KERNEL_H), kernelW = at(step, KERNEL_W)
  const dilationH = at(step, DILATION_H), dilationW = at(step, DILATION_W)
  for (let c = at(step, IN_C); c > 0; --c) {
    for (let ky = 0; ky < kernelH; ++ky) {
      const iy = y + ky * dilationH
      for (let kx = 0; kx < kernelW; ++kx) {
        const ix = x + kx * dilationW
        const inside = <u32>iy < <u32>inH && <u32>ix < <u32>inW
        store<f32>(to, inside ? load<f32>(image + (<usize>(iy * inW + ix) << 2)) : 0)
        to += 4
      }
    }
    image += <usize>(inH * inW) << 2
  }
}

export function conv(step: usize, from: i32, to: i32, scratch: usize): void {
  const k = <usize>at(step, K)
  const groups = at(step, GROUPS)
  const inC = <usize>at(step, IN_C)
  const outC = <usize>at(step, OUT_C)
  const outW = at(step, OUT_W)
  const outPixels = at(step, OUT_H) * outW
  const area = <usize>(at(step, IN_H) * at(step, IN_W))
  const planar = at(step, PLANAR)
  const imageBytes = (planar ? area * inC * groups : area * <usize>at(step, CHANNELS)) << 2
  const groupBytes = (planar ? area * inC : inC) << 2
  const count = at(step, PANELS)
  const narrow = at(step, NARROW)
  const groupWeights = (<usize>(count - narrow) * ((k + 1) << 5)) + <usize>narrow * ((k + 1) << 4)
  const dstStride = <usize>at(step, DST_STRIDE)
  const block = at(step, BLOCK)
  const results = scratch + ((<usize>block * k) << 2)

  for (let b = from; b < to; b += block) {
    const n = min(block, to - b)
    const dst = pointer(step, DST) + <usize>b * dstStride
    for (let g = 0; g < groups; ++g) {
      let patch = scratch
      for (let i = b; i < b + n; ++i) {
        const image = pointer(step, SRC) + <usize>(i / outPixels) * imageBytes + <usize>g * groupBytes
        const p = i % outPixels
        const y = (p / outW) * at(step, STRIDE_H) - at(step, PAD_H)
        const x = (p % outW) * at(step, STRIDE_W) - at(step, PAD_W)
        if (planar) gatherNchw(step, image, y, x, patch)
        else gatherNhwc(step, image, y, x, patch)
        patch += k << 2
      }
      const weights = pointer(step, WEIGHTS) + <usize>g * groupWeights
      if (groups == 1) {
        panels(step, scratch, k << 2, weights, dst, dstStride, 0, n, 0, count)
      } else {
        const row = <usize>((count << 3) - (narrow << 2)) << 2
        panels(step, scratch, k << 2, weights, results, row, 0, n, 0, count)
        for (let i: usize = 0; i < <usize>n; ++i) {
          memory.copy(dst + i * dstStride + ((<usize>g * outC) << 2), results + i * row, outC << 2)
        }
      }
    }
  }
}
