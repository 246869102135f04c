/**
 * Gradient of the filter of a dense convolution, f32: dw [kh, kw, in, out] = patches^T dy, a block of patches at a time
 * (see affine.ts). NHWC, or NCHW where the geometry says so; no dilation.
 */
import { outerProducts } from './affine'
import {
  at, BATCH, CHANNELS_FIRST, IN_C, IN_H, IN_W, KERNEL_H, KERNEL_W, OUT_C, OUT_H, OUT_W, PAD_LEFT, PAD_TOP, STRIDE_H,
  STRIDE_W,
} from './geometry'
import { blockRows } from './gemm'
import { gather } from './patches'
import { pack4, pack8, panels4, panels8, unpackTiles } from './pack'

// @ts-ignore: decorator
@inline
function patchSize(g: usize): i32 {
  return at(g, KERNEL_H) * at(g, KERNEL_W) * at(g, IN_C)
}

// @ts-ignore: decorator
@inline
function depth(g: usize): i32 {
  return blockRows((2 * patchSize(g) + at(g, OUT_C)) << 2, 24, 192)
}

/** Bytes of scratch {@link convFilter} needs. */
export function convFilterScratch(g: usize): usize {
  const patch = patchSize(g), outs = at(g, OUT_C)
  const high = panels4(patch), wide = panels8(outs)
  const perRow = (patch << 2) + (outs << 2) + high * 16 + wide * 32
  return <usize>(high * wide) * 128 + <usize>depth(g) * <usize>perRow
}

/** Rows of dy [n, outs, oh, ow] as [rows, outs]. */
function gatherPlanar(dy: usize, first: i32, rows: i32, outs: i32, size: i32, to: usize): void {
  for (let p = first; p < first + rows; ++p) {
    let from = dy + (<usize>(p / size * size * outs + p % size) << 2)
    for (let c = 0; c < outs; ++c) {
      store<f32>(to, load<f32>(from))
      from += <usize>size << 2
      to += 4
    }
  }
}

export function convFilter(g: usize, x: usize, dy: usize, dw: usize, scratch: usize): void {
  const patch = patchSize(g), outs = at(g, OUT_C)
  const size = at(g, OUT_H) * at(g, OUT_W)
  const total = at(g, BATCH) * size
  const block = depth(g)
  const high = panels4(patch), wide = panels8(outs)
  const tiles = scratch
  const left = tiles + <usize>(high * wide) * 128
  const right = left + <usize>(block * high) * 16
  const patches = right + (<usize>(block * wide) << 5)
  const rows = patches + (<usize>(block * patch) << 2)
  const planar = at(g, CHANNELS_FIRST)
  const direct = !planar && at(g, KERNEL_H) == 1 && at(g, KERNEL_W) == 1 && at(g, STRIDE_H) == 1 && at(g, STRIDE_W) == 1 &&
    at(g, PAD_TOP) == 0 && at(g, PAD_LEFT) == 0 && at(g, OUT_H) == at(g, IN_H) && at(g, OUT_W) == at(g, IN_W)
  memory.fill(tiles, 0, <usize>(high * wide) * 128)
  for (let r = 0; r < total; r += block) {
    const height = min(block, total - r)
    if (direct) {
      pack4(x + (<usize>(r * patch) << 2), <usize>patch << 2, height, patch, left)
    } else {
      gather(g, x, r, height, patches, <usize>patch << 2)
      pack4(patches, <usize>patch << 2, height, patch, left)
    }
    if (planar) {
      gatherPlanar(dy, r, height, outs, size, rows)
      pack8(rows, <usize>outs << 2, height, outs, right)
    } else {
      pack8(dy + (<usize>(r * outs) << 2), <usize>outs << 2, height, outs, right)
    }
    outerProducts(left, right, height, high, wide, tiles)
  }
  unpackTiles(tiles, patch, outs, dw)
}
