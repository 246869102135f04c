/**
 * f32 matrix product of pixels with packed panels; what pointwise, linear and gathered convolutions share.
 *
 * A block of pixels (BLOCK) stays in the level-2 cache while the panels pass over it; K_BLOCK rows of a panel stay in
 * the level-1 cache while the tiles pass over them. Tile heights are balanced: with tiles of up to 6 pixels, 49 pixels are
 * 4 tiles of 6 and 5 of 5.
 */
import {
  ACTIVATION, BLOCK, BY_PANELS, DST, DST_PLANE, K, K_BLOCK, PANELS, PIXELS, RELU, SPLIT, SRC, SRC_PLANE, WEIGHTS,
} from '../src/abi'
import { ACCUMULATE, APPLY_RELU, strips, TILE_HEIGHT } from './generated/gemm-tile-f32'
import { at, pointer } from './record'

/** Pixels [p0, p1) x panels [j0, j1); `src` and `dst` are the addresses of pixel 0. */
export function panels(
  step: usize, src: usize, srcPlane: usize, weights: usize, dst: usize, dstPlane: usize,
  p0: i32, p1: i32, j0: i32, j1: i32,
): void {
  const k = at(step, K)
  const block = at(step, BLOCK)
  const kBlock = at(step, K_BLOCK)
  const relu = at(step, ACTIVATION) == RELU ? APPLY_RELU : 0
  const panelBytes = (<usize>k + 1) << 5

  for (let b = p0; b < p1; b += block) {
    const pixels = min(block, p1 - b)
    const tiles = (pixels + (TILE_HEIGHT - 1)) / TILE_HEIGHT
    const low = pixels / tiles
    const tall = pixels - low * tiles
    const offset = <usize>b << 5
    const lowOffset = offset + (<usize>(tall * (low + 1)) << 5)
    for (let j = j0; j < j1; ++j) {
      const bias = weights + <usize>j * panelBytes
      const c = dst + <usize>j * dstPlane
      let w = bias + 32
      let a = src
      let flags = 0
      for (let k0 = 0; k0 < k; k0 += kBlock) {
        const depth = min(kBlock, k - k0)
        if (k0 + depth == k) flags |= relu
        if (tall) strips(low + 1, a + offset, srcPlane, w, bias, depth, c + offset, flags, tall)
        strips(low, a + lowOffset, srcPlane, w, bias, depth, c + lowOffset, flags, tiles - tall)
        w += <usize>depth << 5
        a += <usize>(depth >> 3) * srcPlane
        flags |= ACCUMULATE
      }
    }
  }
}

/** Pointwise convolution and linear: units are pixels, or panels when SPLIT says so. */
export function gemm(step: usize, from: i32, to: i32): void {
  const byPanels = at(step, SPLIT) == BY_PANELS
  panels(
    step, pointer(step, SRC), pointer(step, SRC_PLANE), pointer(step, WEIGHTS), pointer(step, DST), pointer(step, DST_PLANE),
    byPanels ? 0 : from, byPanels ? at(step, PIXELS) : to,
    byPanels ? from : 0, byPanels ? to : at(step, PANELS),
  )
}
