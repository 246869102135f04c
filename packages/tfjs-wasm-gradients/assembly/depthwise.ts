/**
 * Depthwise convolution with channel multiplier and its gradients, NHWC f32: x [n, h, w, c], filter [kh, kw, c, m], y
 * [n, oh, ow, c * m]. Image by image, then 4 channels by 4, on planes (plane.ts): an
 * image's cache lines, of 16 channels, are still near when the next channels need them.
 */
import {
  at, BATCH, DILATION_H, DILATION_W, IN_C, IN_H, IN_W, KERNEL_H, KERNEL_W, OUT_C, OUT_H, OUT_W, PAD_LEFT, PAD_TOP,
  STRIDE_H, STRIDE_W,
} from './geometry'
import { packFilter, packPlane, unpackPlane } from './plane'
import { ADD, backPlane2, convPlane, tiledWidth } from './plane-conv'
import { filterPlane } from './plane-filter'

// @ts-ignore: decorator
@inline
function taps(g: usize): i32 {
  return at(g, KERNEL_H) * at(g, KERNEL_W)
}

/** Bytes of the filters of all channels as {@link packFilter} lays them out. */
// @ts-ignore: decorator
@inline
function filtersBytes(g: usize): usize {
  return <usize>((at(g, IN_C) + 3) >> 2) * <usize>(at(g, OUT_C) * (taps(g) + 1)) << 4
}

/** Rows of the padded input under `oh` output rows. */
// @ts-ignore: decorator
@inline
function spanH(g: usize): i32 {
  return (at(g, OUT_H) - 1) * at(g, STRIDE_H) + (at(g, KERNEL_H) - 1) * at(g, DILATION_H) + 1
}

// @ts-ignore: decorator
@inline
function spanW(g: usize): i32 {
  return (tiledWidth(at(g, OUT_W)) - 1) * at(g, STRIDE_W) + (at(g, KERNEL_W) - 1) * at(g, DILATION_W) + 1
}

/** Bytes of scratch {@link depthwise} needs. */
export function depthwiseScratch(g: usize): usize {
  return filtersBytes(g) + (<usize>(spanH(g) * spanW(g) + at(g, OUT_H) * tiledWidth(at(g, OUT_W))) << 4)
}

/** `bias` [c * m] may be 0. */
export function depthwise(g: usize, x: usize, filter: usize, bias: usize, y: usize, relu: i32, scratch: usize): void {
  const h = at(g, IN_H), w = at(g, IN_W), c = at(g, IN_C), m = at(g, OUT_C)
  const oh = at(g, OUT_H), ow = at(g, OUT_W)
  const height = spanH(g), width = spanW(g)
  const filterBytes = <usize>(taps(g) + 1) << 4
  const plane = scratch + filtersBytes(g)
  const out = plane + (<usize>(height * width) << 4)
  const outPitch = <usize>tiledWidth(ow) << 4
  memory.fill(plane, 0, out - plane)
  packFilters(g, filter, bias, false, scratch)
  for (let i = 0; i < at(g, BATCH); ++i) {
    let kernel = scratch
    for (let c0 = 0; c0 < c; c0 += 4) {
      const lanes = min(4, c - c0)
      const image = x + (<usize>(i * h * w * c + c0) << 2)
      packPlane(
        image, 0, h, w, <usize>c << 2, 4, lanes, plane, height, width, 1, 1, at(g, PAD_TOP), at(g, PAD_LEFT),
      )
      for (let j = 0; j < m; ++j) {
        convPlane(
          plane, <usize>width << 4, kernel, out, oh, ow, at(g, KERNEL_H), at(g, KERNEL_W), at(g, STRIDE_H), at(g, STRIDE_W),
          at(g, DILATION_H), at(g, DILATION_W), 0,
        )
        unpackPlane(
          out, outPitch, oh, ow, y + ((<usize>(i * oh * ow * c + c0) * <usize>m + <usize>j) << 2), <usize>(c * m) << 2,
          <usize>m << 2, lanes, relu,
        )
        kernel += filterBytes
      }
    }
  }
}

/** {@link packFilter} of all channels, 4 by 4. */
export function packFilters(g: usize, filter: usize, bias: usize, flip: bool, to: usize): void {
  const c = at(g, IN_C), m = at(g, OUT_C)
  for (let c0 = 0; c0 < c; c0 += 4) {
    packFilter(filter, bias, taps(g), c, m, c0, flip, to)
    to += <usize>(m * (taps(g) + 1)) << 4
  }
}

/** Rows and columns of dy spread by the stride and padded such that a flipped filter run over them gives dx. */
// @ts-ignore: decorator
@inline
function backSpanH(g: usize): i32 {
  return at(g, IN_H) + (at(g, KERNEL_H) - 1) * at(g, DILATION_H)
}

// @ts-ignore: decorator
@inline
function backSpanW(g: usize): i32 {
  return tiledWidth(at(g, IN_W)) + (at(g, KERNEL_W) - 1) * at(g, DILATION_W)
}

/** 3 x 3, stride 2, outputs centred on every second pixel from the first. */
function isCentred3Stride2(g: usize): bool {
  return at(g, KERNEL_H) == 3 && at(g, KERNEL_W) == 3 && at(g, STRIDE_H) == 2 && at(g, STRIDE_W) == 2 &&
    at(g, DILATION_H) == 1 && at(g, DILATION_W) == 1 && at(g, PAD_TOP) == 1 && at(g, PAD_LEFT) == 1 &&
    at(g, OUT_H) == (at(g, IN_H) + 1) / 2 && at(g, OUT_W) == (at(g, IN_W) + 1) / 2
}

/** Bytes of scratch {@link depthwiseBackward} needs. */
export function depthwiseBackwardScratch(g: usize): usize {
  const planes = <usize>(spanH(g) * spanW(g) + backSpanH(g) * backSpanW(g) + (at(g, OUT_H) + 1) * (at(g, OUT_W) + 1))
  return (filtersBytes(g) << 1) + ((planes + <usize>(at(g, IN_H) * tiledWidth(at(g, IN_W)))) << 4)
}

/**
 * Gradients from dy; where `y`, the output after its ReLU, is not 0, only where it is above zero. `dx`, `dfilter` and `db`
 * [c * m] are left out where 0; `filter` is read for dx only, `x` for dfilter only.
 */
export function depthwiseBackward(
  g: usize, x: usize, filter: usize, y: usize, dy: usize, dx: usize, dfilter: usize, db: usize, scratch: usize,
): void {
  const h = at(g, IN_H), w = at(g, IN_W), c = at(g, IN_C), m = at(g, OUT_C)
  const oh = at(g, OUT_H), ow = at(g, OUT_W)
  const kernelH = at(g, KERNEL_H), kernelW = at(g, KERNEL_W)
  const strideH = at(g, STRIDE_H), strideW = at(g, STRIDE_W)
  const dilationH = at(g, DILATION_H), dilationW = at(g, DILATION_W)
  const height = spanH(g), width = spanW(g)
  const backHeight = backSpanH(g), backWidth = backSpanW(g)
  const filterBytes = <usize>(taps(g) + 1) << 4
  const totals = scratch + filtersBytes(g)
  const plane = totals + filtersBytes(g)
  const spread = plane + (<usize>(height * width) << 4)
  const dz = spread + (<usize>(backHeight * backWidth) << 4)
  const out = dz + (<usize>((oh + 1) * (ow + 1)) << 4)
  const outPitch = <usize>tiledWidth(w) << 4
  const top = (kernelH - 1) * dilationH - at(g, PAD_TOP)
  const left = (kernelW - 1) * dilationW - at(g, PAD_LEFT)
  const pixel = <usize>(c * m) << 2, lane = <usize>m << 2
  const centred = isCentred3Stride2(g)
  // The padded dy of stride 1 holds dy itself, whole where it is not cropped.
  const shared = dx != 0 && strideH == 1 && strideW == 1 && top >= 0 && left >= 0 && oh + top <= backHeight &&
    ow + left <= backWidth
  memory.fill(totals, 0, out - totals)
  if (dx) packFilters(g, filter, 0, true, scratch)
  for (let i = 0; i < at(g, BATCH); ++i) {
    let kernel = scratch
    for (let c0 = 0; c0 < c; c0 += 4) {
      const lanes = min(4, c - c0)
      const offset = <usize>(i * h * w * c + c0) << 2
      if (dfilter) {
        packPlane(
          x + offset, 0, h, w, <usize>c << 2, 4, lanes, plane, height, width, 1, 1, at(g, PAD_TOP), at(g, PAD_LEFT),
        )
      }
      for (let j = 0; j < m; ++j) {
        const from = (<usize>(i * oh * ow * c + c0) * <usize>m + <usize>j) << 2
        const yAt = y ? y + from : 0
        if (dx && !centred) {
          packPlane(dy + from, yAt, oh, ow, pixel, lane, lanes, spread, backHeight, backWidth, strideH, strideW, top, left)
          convPlane(
            spread, <usize>backWidth << 4, kernel, out, h, w, kernelH, kernelW, 1, 1, dilationH, dilationW, j > 0 ? ADD : 0,
          )
        }
        if (!shared) packPlane(dy + from, yAt, oh, ow, pixel, lane, lanes, dz, oh, ow + 1, 1, 1, 0, 0)
        if (dx && centred) {
          backPlane2(dz, <usize>(ow + 1) << 4, kernel, out, outPitch, h, w, j > 0 ? ADD : 0)
        }
        if (dfilter || db) {
          filterPlane(
            plane, <usize>width << 4, shared ? spread + (<usize>(top * backWidth + left) << 4) : dz,
            <usize>(shared ? backWidth : ow + 1) << 4, oh, ow, kernelH, kernelW, strideH, strideW, dilationH, dilationW,
            kernel + (totals - scratch),
          )
        }
        kernel += filterBytes
      }
      if (dx) unpackPlane(out, outPitch, h, w, dx + offset, <usize>c << 2, 4, lanes, 0)
    }
  }
  for (let c0 = 0; c0 < c; c0 += 4) {
    for (let j = 0; j < m; ++j) {
      const total = totals + <usize>((c0 >> 2) * m + j) * filterBytes
      for (let l = 0; l < min(4, c - c0); ++l) {
        const channel = <usize>((c0 + l) * m + j) << 2
        let from = total + (<usize>l << 2)
        if (db) store<f32>(db + channel, load<f32>(from))
        if (!dfilter) continue
        for (let t = 0; t < taps(g); ++t) {
          from += 16
          store<f32>(dfilter + <usize>(t * c * m << 2) + channel, load<f32>(from))
        }
      }
    }
  }
}
