/**
 * Dense 3 x 3 convolution of an NCHW source, stride 2 or 1 in x, tile 6 pixels x 8 channels, f32, 128-bit SIMD.
 * Units are output rows of the whole batch.
 *
 * The six pixels of a tile lie STRIDE_W floats apart in one input row, so one pointer with constant offsets reads them
 * all. A tile that touches padding, or the last pixels of a row, is gathered into scratch memory first and then takes
 * the same path. Weights: panels of 8, order channel, kernel row, kernel column.
 */
import {
  ACTIVATION, DILATION_H, DST, DST_PLANE, IN_C, IN_H, IN_W, K, OUT_H, OUT_W, PAD_H, PAD_W, PANELS, SRC, STRIDE_H,
  STRIDE_W, WEIGHTS,
} from '../src/abi'
import { finish } from './activate-f32'
import { at, pointer } from './record'
import { atLeast, floorOf, fma } from './simd'

// @ts-ignore: decorator
@inline
function tile(S: i32, a: usize, plane: usize, row: usize, channels: i32, w: usize, c: usize, pixels: i32, floor: f32): void {
  let p00 = v128.load(w), p01 = v128.load(w, 16)
  let p10 = p00, p11 = p01, p20 = p00, p21 = p01, p30 = p00, p31 = p01, p40 = p00, p41 = p01, p50 = p00, p51 = p01
  w += 32
  for (; channels > 0; --channels) {
    let r = a
    for (let y = 3; y > 0; --y) {
      let q = r
      for (let n = 3; n > 0; --n) {
        const w0 = v128.load(w), w1 = v128.load(w, 16)
        let x = v128.load32_splat(q)
        p00 = fma(x, w0, p00); p01 = fma(x, w1, p01)
        x = S == 2 ? v128.load32_splat(q, 8) : v128.load32_splat(q, 4)
        p10 = fma(x, w0, p10); p11 = fma(x, w1, p11)
        x = S == 2 ? v128.load32_splat(q, 16) : v128.load32_splat(q, 8)
        p20 = fma(x, w0, p20); p21 = fma(x, w1, p21)
        x = S == 2 ? v128.load32_splat(q, 24) : v128.load32_splat(q, 12)
        p30 = fma(x, w0, p30); p31 = fma(x, w1, p31)
        x = S == 2 ? v128.load32_splat(q, 32) : v128.load32_splat(q, 16)
        p40 = fma(x, w0, p40); p41 = fma(x, w1, p41)
        x = S == 2 ? v128.load32_splat(q, 40) : v128.load32_splat(q, 20)
        p50 = fma(x, w0, p50); p51 = fma(x, w1, p51)
        w += 32
        q += 4
      }
      r += row
    }
    a += plane
  }
  const low = f32x4.splat(floor)
  v128.store(c, atLeast(p00, low)); v128.store(c, atLeast(p01, low), 16)
  if (pixels == 1) return
  v128.store(c, atLeast(p10, low), 32); v128.store(c, atLeast(p11, low), 48)
  if (pixels == 2) return
  v128.store(c, atLeast(p20, low), 64); v128.store(c, atLeast(p21, low), 80)
  if (pixels == 3) return
  v128.store(c, atLeast(p30, low), 96); v128.store(c, atLeast(p31, low), 112)
  if (pixels == 4) return
  v128.store(c, atLeast(p40, low), 128); v128.store(c, atLeast(p41, low), 144)
  if (pixels == 5) return
  v128.store(c, atLeast(p50, low), 160); v128.store(c, atLeast(p51, low), 176)
}

function tileStride1(a: usize, plane: usize, row: usize, channels: i32, w: usize, c: usize, pixels: i32, floor: f32): void {
  tile(1, a, plane, row, channels, w, c, pixels, floor)
}
function tileStride2(a: usize, plane: usize, row: usize, channels: i32, w: usize, c: usize, pixels: i32, floor: f32): void {
  tile(2, a, plane, row, channels, w, c, pixels, floor)
}

/** Copy the inputs of one tile, `span` columns of three rows of each channel, zeros outside of the image. */
function gather(step: usize, image: usize, y: i32, x: i32, span: i32, to: usize): void {
  const inH = at(step, IN_H), inW = at(step, IN_W)
  for (let c = at(step, IN_C); c > 0; --c) {
    for (let ky = 0; ky < 3; ++ky) {
      const iy = y + ky * at(step, DILATION_H)
      for (let i = x; i < x + span; ++i) {
        const inside = <u32>iy < <u32>inH && <u32>i < <u32>inW
        store<f32>(to, inside ? load<f32>(image + (<usize>(iy * inW + i) << 2)) : 0)
        to += 4
      }
    }
    image += <usize>(inH * inW) << 2
  }
}

export function stem(step: usize, from: i32, to: i32, scratch: usize): void {
  const inH = at(step, IN_H), inW = at(step, IN_W), outH = at(step, OUT_H), outW = at(step, OUT_W)
  const channels = at(step, IN_C)
  const stride = at(step, STRIDE_W)
  const count = at(step, PANELS)
  const span = 5 * stride + 3
  const dilation = at(step, DILATION_H)
  const plane = <usize>(inH * inW) << 2
  const row = <usize>(inW * dilation) << 2
  const panelBytes = (<usize>at(step, K) + 1) << 5
  const dstPlane = pointer(step, DST_PLANE)
  const activation = at(step, ACTIVATION)
  const floor = floorOf(activation)
  let dst = pointer(step, DST) + (<usize>(from * outW) << 5)

  for (let r = from; r < to; ++r) {
    const image = pointer(step, SRC) + <usize>(r / outH) * plane * <usize>channels
    const y = (r % outH) * at(step, STRIDE_H) - at(step, PAD_H)
    for (let ox = 0; ox < outW; ox += 6) {
      const x = ox * stride - at(step, PAD_W)
      const pixels = min(6, outW - ox)
      let a = image + (<usize>(y * inW + x) << 2)
      let tilePlane = plane, tileRow = row
      if (y < 0 || y + 2 * dilation >= inH || x < 0 || x + span > inW) {
        gather(step, image, y, x, span, scratch)
        a = scratch
        tileRow = <usize>span << 2
        tilePlane = 3 * tileRow
      }
      let w = pointer(step, WEIGHTS)
      let c = dst + (<usize>ox << 5)
      for (let j = 0; j < count; ++j) {
        if (stride == 2) tileStride2(a, tilePlane, tileRow, channels, w, c, pixels, floor)
        else tileStride1(a, tilePlane, tileRow, channels, w, c, pixels, floor)
        w += panelBytes
        c += dstPlane
      }
    }
    for (let j = 0; j < count; ++j) finish(activation, dst + <usize>j * dstPlane, outW << 1)
    dst += <usize>outW << 5
  }
}
