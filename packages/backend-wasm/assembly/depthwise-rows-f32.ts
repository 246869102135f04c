/**
 * Depthwise convolution of any kernel, padding and dilation, stride 1 or 2 in x, f32, tile T = 4..8 outputs of one row x 4 channels, 128-bit
 * SIMD. Units are output rows of each group of 8 channels. Weights: per 4 channels, bias, then one vector per tap in kernel order.
 *
 * Registers: T sums, 1 weight, 1 input. The input rows of BLOCK output rows are copied into scratch memory first, with zeros beside them, so that
 * no column lies outside; rows outside of the image are left out. Tile widths are balanced: a row of 28 is 4 tiles of 7.
 */
import {
  ACTIVATION, BATCH, BLOCK, DILATION_H, DILATION_W, DST, DST_PLANE, IN_H, IN_W, KERNEL_H, KERNEL_W, OUT_H, OUT_W, PAD_H, PAD_W, SRC,
  SRC_PLANE, STRIDE_H, STRIDE_W, WEIGHTS,
} from '../src/abi'
import { finish } from './activate-f32'
import { at, pointer } from './record'
import { atLeast, floorOf, fma } from './simd'

// @ts-ignore: decorator
@inline
function row(
  T: i32, S: i32, a: usize, drop: usize, hop: usize, rows: i32, columns: i32, bias: usize, w: usize, c: usize, tiles: i32,
  floor: f32,
): void {
  const low = f32x4.splat(floor)
  for (; tiles > 0; --tiles) {
    let s0 = v128.load(bias), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0
    let r = a, v = w
    for (let y = rows; y > 0; --y, r += drop) {
      let p = r
      for (let x = columns; x > 0; --x, p += hop, v += 16) {
        const tap = v128.load(v)
        s0 = fma(v128.load(p), tap, s0)
        s1 = fma(S == 2 ? v128.load(p, 64) : v128.load(p, 32), tap, s1)
        s2 = fma(S == 2 ? v128.load(p, 128) : v128.load(p, 64), tap, s2)
        s3 = fma(S == 2 ? v128.load(p, 192) : v128.load(p, 96), tap, s3)
        if (T > 4) s4 = fma(S == 2 ? v128.load(p, 256) : v128.load(p, 128), tap, s4)
        if (T > 5) s5 = fma(S == 2 ? v128.load(p, 320) : v128.load(p, 160), tap, s5)
        if (T > 6) s6 = fma(S == 2 ? v128.load(p, 384) : v128.load(p, 192), tap, s6)
        if (T > 7) s7 = fma(S == 2 ? v128.load(p, 448) : v128.load(p, 224), tap, s7)
      }
    }
    v128.store(c, atLeast(s0, low))
    v128.store(c, atLeast(s1, low), 32)
    v128.store(c, atLeast(s2, low), 64)
    v128.store(c, atLeast(s3, low), 96)
    if (T > 4) v128.store(c, atLeast(s4, low), 128)
    if (T > 5) v128.store(c, atLeast(s5, low), 160)
    if (T > 6) v128.store(c, atLeast(s6, low), 192)
    if (T > 7) v128.store(c, atLeast(s7, low), 224)
    a += <usize>(T * S) << 5
    c += <usize>T << 5
  }
}

function row1x4(
  a: usize, drop: usize, hop: usize, rows: i32, columns: i32, bias: usize, w: usize, c: usize, tiles: i32, floor: f32,
): void {
  row(4, 1, a, drop, hop, rows, columns, bias, w, c, tiles, floor)
}
function row1x5(
  a: usize, drop: usize, hop: usize, rows: i32, columns: i32, bias: usize, w: usize, c: usize, tiles: i32, floor: f32,
): void {
  row(5, 1, a, drop, hop, rows, columns, bias, w, c, tiles, floor)
}
function row1x6(
  a: usize, drop: usize, hop: usize, rows: i32, columns: i32, bias: usize, w: usize, c: usize, tiles: i32, floor: f32,
): void {
  row(6, 1, a, drop, hop, rows, columns, bias, w, c, tiles, floor)
}
function row1x7(
  a: usize, drop: usize, hop: usize, rows: i32, columns: i32, bias: usize, w: usize, c: usize, tiles: i32, floor: f32,
): void {
  row(7, 1, a, drop, hop, rows, columns, bias, w, c, tiles, floor)
}
function row1x8(
  a: usize, drop: usize, hop: usize, rows: i32, columns: i32, bias: usize, w: usize, c: usize, tiles: i32, floor: f32,
): void {
  row(8, 1, a, drop, hop, rows, columns, bias, w, c, tiles, floor)
}
function row2x4(
  a: usize, drop: usize, hop: usize, rows: i32, columns: i32, bias: usize, w: usize, c: usize, tiles: i32, floor: f32,
): void {
  row(4, 2, a, drop, hop, rows, columns, bias, w, c, tiles, floor)
}
function row2x5(
  a: usize, drop: usize, hop: usize, rows: i32, columns: i32, bias: usize, w: usize, c: usize, tiles: i32, floor: f32,
): void {
  row(5, 2, a, drop, hop, rows, columns, bias, w, c, tiles, floor)
}
function row2x6(
  a: usize, drop: usize, hop: usize, rows: i32, columns: i32, bias: usize, w: usize, c: usize, tiles: i32, floor: f32,
): void {
  row(6, 2, a, drop, hop, rows, columns, bias, w, c, tiles, floor)
}
function row2x7(
  a: usize, drop: usize, hop: usize, rows: i32, columns: i32, bias: usize, w: usize, c: usize, tiles: i32, floor: f32,
): void {
  row(7, 2, a, drop, hop, rows, columns, bias, w, c, tiles, floor)
}
function row2x8(
  a: usize, drop: usize, hop: usize, rows: i32, columns: i32, bias: usize, w: usize, c: usize, tiles: i32, floor: f32,
): void {
  row(8, 2, a, drop, hop, rows, columns, bias, w, c, tiles, floor)
}

function tiled(
  stride: i32, T: i32, a: usize, drop: usize, hop: usize, rows: i32, columns: i32, bias: usize, w: usize, c: usize, tiles: i32,
  floor: f32,
): void {
  switch (stride == 1 ? T : T + 8) {
    case 4: row1x4(a, drop, hop, rows, columns, bias, w, c, tiles, floor); break
    case 5: row1x5(a, drop, hop, rows, columns, bias, w, c, tiles, floor); break
    case 6: row1x6(a, drop, hop, rows, columns, bias, w, c, tiles, floor); break
    case 7: row1x7(a, drop, hop, rows, columns, bias, w, c, tiles, floor); break
    case 8: row1x8(a, drop, hop, rows, columns, bias, w, c, tiles, floor); break
    case 12: row2x4(a, drop, hop, rows, columns, bias, w, c, tiles, floor); break
    case 13: row2x5(a, drop, hop, rows, columns, bias, w, c, tiles, floor); break
    case 14: row2x6(a, drop, hop, rows, columns, bias, w, c, tiles, floor); break
    case 15: row2x7(a, drop, hop, rows, columns, bias, w, c, tiles, floor); break
    case 16: row2x8(a, drop, hop, rows, columns, bias, w, c, tiles, floor); break
    default: unreachable()
  }
}

/** `columns` pixels to `to`: those of the row at `from` from its pixel -`pad` on, zeros outside of its `inW`. */
function copyRow(from: usize, inW: i32, pad: i32, to: usize, columns: i32): void {
  const zero = f32x4.splat(0)
  let p = from - (<usize>pad << 5)
  for (let x = -pad; x < columns - pad; ++x, p += 32, to += 32) {
    const inside = <u32>x < <u32>inW
    v128.store(to, inside ? v128.load(p) : zero)
    v128.store(to, inside ? v128.load(p, 16) : zero, 16)
  }
}

export function depthwiseRows(step: usize, from: i32, to: i32, scratch: usize): void {
  const inH = at(step, IN_H), inW = at(step, IN_W), outH = at(step, OUT_H), outW = at(step, OUT_W)
  const kernelH = at(step, KERNEL_H), kernelW = at(step, KERNEL_W)
  const strideH = at(step, STRIDE_H), strideW = at(step, STRIDE_W)
  const padH = at(step, PAD_H), padW = at(step, PAD_W)
  const dilationH = at(step, DILATION_H), dilationW = at(step, DILATION_W)
  const batch = at(step, BATCH)
  const band = at(step, BLOCK)
  const activation = at(step, ACTIVATION)
  const floor = floorOf(activation)
  const columns = (outW - 1) * strideW + (kernelW - 1) * dilationW + 1
  const rowBytes = <usize>columns << 5
  const drop = rowBytes * dilationH, hop = <usize>dilationW << 5
  const halfBytes = (<usize>(kernelH * kernelW) + 1) << 4
  const tiles = (outW + 7) >> 3
  const narrow = outW / tiles
  const wide = outW - narrow * tiles
  const x1 = <usize>(wide * (narrow + 1)) << 5
  while (from < to) {
    const plane = from / outH
    const first = from - plane * outH
    const last = min(min(outH, to - plane * outH), first + band)
    const group = <usize>(plane / batch)
    const image = pointer(step, SRC) + group * pointer(step, SRC_PLANE) + (<usize>(plane % batch * inH * inW) << 5)
    const top = first * strideH - padH
    const bottom = min(inH, (last - 1) * strideH - padH + (kernelH - 1) * dilationH + 1)
    for (let y = max(0, top); y < bottom; ++y) {
      copyRow(image + (<usize>(y * inW) << 5), inW, padW, scratch + <usize>(y - top) * rowBytes, columns)
    }
    const dst = pointer(step, DST) + group * pointer(step, DST_PLANE) + (<usize>((plane % batch * outH + first) * outW) << 5)
    let bias = pointer(step, WEIGHTS) + ((group * halfBytes) << 1)
    for (let half: usize = 0; half < 32; half += 16) {
      let c = dst + half
      for (let oy = first; oy < last; ++oy) {
        const y = oy * strideH - padH
        const skipped = y < 0 ? (dilationH - 1 - y) / dilationH : 0
        const rows = min(kernelH, (inH - y + dilationH - 1) / dilationH) - skipped
        const a = scratch + <usize>(y - top + skipped * dilationH) * rowBytes + half
        const w = bias + (<usize>(skipped * kernelW + 1) << 4)
        if (wide) tiled(strideW, narrow + 1, a, drop, hop, rows, kernelW, bias, w, c, wide, floor)
        tiled(strideW, narrow, a + x1 * strideW, drop, hop, rows, kernelW, bias, w, c + x1, tiles - wide, floor)
        c += <usize>outW << 5
      }
      bias += halfBytes
    }
    finish(activation, dst, (last - first) * outW << 1)
    from += last - first
  }
}
