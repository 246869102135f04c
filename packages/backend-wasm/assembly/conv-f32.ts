/**
 * Any convolution: patches of a band of pixels are gathered into scratch memory in the layout of a feature map with one
 * channel per weight of a filter (input channel, kernel row, kernel column), then multiplied with the packed panels.
 * Units are output pixels of the whole batch. Scratch: BLOCK patches, then, for several groups, BLOCK rows of results.
 */
import {
  BLOCK, DILATION_H, DILATION_W, DST, DST_PLANE, GROUPS, IN_C, IN_H, IN_W, K, KERNEL_H, KERNEL_W, OUT_C, OUT_H, OUT_W,
  PAD_H, PAD_W, PANELS, PLANAR, SRC, SRC_PLANE, STRIDE_H, STRIDE_W, WEIGHTS,
} from '../src/abi'
import { panels } from './gemm-f32'
import { at, pointer } from './record'

/** The patch of output pixel `pixel` for input channels [first, first + IN_C). */
function gather(step: usize, pixel: i32, first: i32, to: usize, plane: usize): void {
  const inH = at(step, IN_H), inW = at(step, IN_W), outW = at(step, OUT_W)
  const kernelH = at(step, KERNEL_H), kernelW = at(step, KERNEL_W)
  const dilationH = at(step, DILATION_H), dilationW = at(step, DILATION_W)
  const channels = at(step, IN_C)
  const outPixels = at(step, OUT_H) * outW
  const image = pixel / outPixels
  const position = pixel % outPixels
  const y0 = (position / outW) * at(step, STRIDE_H) - at(step, PAD_H)
  const x0 = (position % outW) * at(step, STRIDE_W) - at(step, PAD_W)
  const planar = at(step, PLANAR)
  const area = <usize>(inH * inW)
  const source = pointer(step, SRC) + (planar
    ? (<usize>(image * channels * at(step, GROUPS)) * area) << 2
    : (<usize>image * area) << 5)
  const shift: usize = planar ? 2 : 5
  let lane: usize = 0
  for (let c = first; c < first + channels; ++c) {
    const base = source + (planar ? (<usize>c * area) << 2 : <usize>(c >> 3) * pointer(step, SRC_PLANE) + (<usize>(c & 7) << 2))
    for (let ky = 0; ky < kernelH; ++ky) {
      const y = y0 + ky * dilationH
      for (let kx = 0; kx < kernelW; ++kx) {
        const x = x0 + kx * dilationW
        const inside = <u32>y < <u32>inH && <u32>x < <u32>inW
        store<f32>(to + lane, inside ? load<f32>(base + (<usize>(y * inW + x) << shift)) : 0)
        lane += 4
        if (lane == 32) {
          lane = 0
          to += plane
        }
      }
    }
  }
}

export function conv(step: usize, from: i32, to: i32, scratch: usize): void {
  const k = <usize>at(step, K)
  const count = at(step, PANELS)
  const groups = at(step, GROUPS)
  const outC = at(step, OUT_C)
  const block = at(step, BLOCK)
  const groupWeights = <usize>count * ((k + 1) << 5)
  const plane = <usize>block << 5
  const results = scratch + ((k + 7) >> 3) * plane
  const dstPlane = pointer(step, DST_PLANE)

  for (let b = from; b < to; b += block) {
    const n = min(block, to - b)
    const dst = pointer(step, DST) + (<usize>b << 5)
    let weights = pointer(step, WEIGHTS)
    for (let g = 0; g < groups; ++g) {
      for (let i = 0; i < n; ++i) gather(step, b + i, g * at(step, IN_C), scratch + (<usize>i << 5), plane)
      if (groups == 1) {
        panels(step, scratch, plane, weights, dst, dstPlane, 0, n, 0, count)
      } else {
        panels(step, scratch, plane, weights, results, plane, 0, n, 0, count)
        for (let o = 0; o < outC; ++o) {
          const channel = g * outC + o
          let out = dst + <usize>(channel >> 3) * dstPlane + (<usize>(channel & 7) << 2)
          let result = results + <usize>(o >> 3) * plane + (<usize>(o & 7) << 2)
          for (let i = 0; i < n; ++i) {
            store<f32>(out, load<f32>(result))
            out += 32
            result += 32
          }
        }
      }
      weights += groupWeights
    }
  }
}
