/**
 * Any convolution: patches of a band of pixels are gathered into scratch memory in the layout of a feature map with one
 * channel per weight of a filter, then multiplied with the packed panels. Units are output pixels of the whole batch, or panels when
 * SPLIT says so. Scratch: BLOCK patches, then, for several groups, BLOCK rows of results.
 *
 * The order of a filter's weights is input channel, kernel row, kernel column. Where a group is whole groups of 8 channels, CHUNK is not 0:
 * then it is 8 channels, kernel row, kernel column, channel of the 8, a tap of 8 channels is gathered at a time, and CHUNK weights are multiplied
 * before the next are gathered, so that a band may be long enough to read the panels seldom.
 */
import {
  BLOCK, BY_PANELS, CHUNK, DILATION_H, DILATION_W, DST, DST_PLANE, GROUPS, IN_C, IN_H, IN_W, K, KERNEL_H, KERNEL_W, OUT_C, OUT_H, OUT_W,
  PAD_H, PAD_W, PANELS, PIXELS, PLANAR, SPLIT, SRC, SRC_PLANE, STRIDE_H, STRIDE_W, WEIGHTS,
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

/** Taps [first, last) of 8 channels from `group` on, of `n` output pixels from `pixel` on. */
function gatherTaps(step: usize, pixel: i32, n: i32, group: i32, first: i32, last: i32, to: usize, plane: usize): void {
  const inH = at(step, IN_H), inW = at(step, IN_W), outH = at(step, OUT_H), outW = at(step, OUT_W)
  const kernelW = at(step, KERNEL_W), area = at(step, KERNEL_H) * kernelW
  const strideW = at(step, STRIDE_W)
  const hop = <usize>strideW << 5
  const zero = f32x4.splat(0)
  for (let tap = first; tap < last; ++tap, to += plane) {
    const source = pointer(step, SRC) + <usize>(group + tap / area) * pointer(step, SRC_PLANE)
    const dy = tap % area / kernelW * at(step, DILATION_H) - at(step, PAD_H)
    const dx = tap % area % kernelW * at(step, DILATION_W) - at(step, PAD_W)
    let q = to
    let row = pixel / outW, ox = pixel % outW
    for (let left = n; left > 0; ) {
      const end = min(outW, ox + left)
      left -= end - ox
      const y = row % outH * at(step, STRIDE_H) + dy
      let x = ox * strideW + dx
      let p = source + (<usize>((row / outH * inH + y) * inW + x) << 5)
      const outside = <u32>y >= <u32>inH
      for (; ox < end; ++ox, x += strideW, p += hop, q += 32) {
        if (outside || <u32>x >= <u32>inW) {
          v128.store(q, zero)
          v128.store(q, zero, 16)
        } else {
          v128.store(q, v128.load(p))
          v128.store(q, v128.load(p, 16), 16)
        }
      }
      ox = 0
      row += 1
    }
  }
}

export function conv(step: usize, from: i32, to: i32, scratch: usize): void {
  const k = at(step, K)
  const groups = at(step, GROUPS)
  const inC = at(step, IN_C), outC = at(step, OUT_C)
  const block = at(step, BLOCK)
  const chunk = at(step, CHUNK)
  const byPanels = at(step, SPLIT) == BY_PANELS
  const firstPixel = byPanels ? 0 : from, lastPixel = byPanels ? at(step, PIXELS) : to
  const j0 = byPanels ? from : 0, j1 = byPanels ? to : at(step, PANELS)
  const groupWeights = <usize>at(step, PANELS) * ((<usize>k + 1) << 5)
  const plane = <usize>block << 5
  const results = scratch + <usize>(((chunk ? min(chunk, k) : k) + 7) >> 3) * plane
  const dstPlane = pointer(step, DST_PLANE)

  for (let b = firstPixel; b < lastPixel; b += block) {
    const n = min(block, lastPixel - b)
    const dst = pointer(step, DST) + (<usize>b << 5)
    let weights = pointer(step, WEIGHTS)
    for (let g = 0; g < groups; ++g) {
      const sums = groups == 1 ? dst : results
      const sumsPlane = groups == 1 ? dstPlane : plane
      if (chunk) {
        for (let k0 = 0; k0 < k; k0 += chunk) {
          const k1 = min(k, k0 + chunk)
          gatherTaps(step, b, n, g * inC >> 3, k0 >> 3, k1 >> 3, scratch, plane)
          panels(step, scratch, plane, weights, sums, sumsPlane, 0, n, j0, j1, k0, k1)
        }
      } else {
        for (let i = 0; i < n; ++i) gather(step, b + i, g * inC, scratch + (<usize>i << 5), plane)
        panels(step, scratch, plane, weights, sums, sumsPlane, 0, n, j0, j1, 0, k)
      }
      if (groups > 1) {
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
