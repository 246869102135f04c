/**
 * f32 matrix product of pixels with packed panels; what pointwise, linear and gathered convolutions share.
 *
 * A block of pixels (BLOCK) stays in the level-2 cache while the panels pass over it; K_BLOCK rows of a panel stay in
 * the level-1 cache while the tiles pass over them. Tile heights are balanced: with tiles of up to 6 pixels, 49 pixels are
 * 4 tiles of 6 and 5 of 5.
 */
import {
  ACTIVATION, BLOCK, BY_PANELS, DST, DST_PLANE, K, K_BLOCK, PANELS, PIXELS, RELU, RELU6, SPLIT, SRC, SRC_PLANE, WEIGHTS,
} from '../src/abi'
import { finish } from './activate-f32'
import { ACCUMULATE, APPLY_RELU, APPLY_SIX, strips, TILE_HEIGHT } from './generated/gemm-tile-f32'
import { at, pointer } from './record'

/**
 * Pixels [p0, p1) x panels [j0, j1), channels [from, to) of the reduction, the first of which lies at `src`; the sums of those before are in
 * `dst`. `src` and `dst` are the addresses of pixel 0.
 */
export function panels(
  step: usize, src: usize, srcPlane: usize, weights: usize, dst: usize, dstPlane: usize,
  p0: i32, p1: i32, j0: i32, j1: i32, from: i32, to: i32,
): void {
  const k = at(step, K)
  const block = at(step, BLOCK)
  const kBlock = at(step, K_BLOCK)
  const activation = at(step, ACTIVATION)
  const clamps = activation == RELU ? APPLY_RELU : activation == RELU6 ? APPLY_RELU | APPLY_SIX : 0
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
      let w = bias + (<usize>(from + 1) << 5)
      let a = src
      let flags = from ? ACCUMULATE : 0
      for (let k0 = from; k0 < to; k0 += kBlock) {
        const depth = min(kBlock, to - k0)
        if (k0 + depth == k) flags |= clamps
        if (tall) strips(low + 1, a + offset, srcPlane, w, bias, depth, c + offset, flags, tall)
        strips(low, a + lowOffset, srcPlane, w, bias, depth, c + lowOffset, flags, tiles - tall)
        w += <usize>depth << 5
        a += <usize>(depth >> 3) * srcPlane
        flags |= ACCUMULATE
      }
      if (to == k && activation > RELU6) finish(activation, c + offset, pixels << 1)
    }
  }
}

/** Pointwise convolution and linear: units are pixels, or panels when SPLIT says so. */
export function gemm(step: usize, from: i32, to: i32): void {
  const byPanels = at(step, SPLIT) == BY_PANELS
  panels(
    step, pointer(step, SRC), pointer(step, SRC_PLANE), pointer(step, WEIGHTS), pointer(step, DST), pointer(step, DST_PLANE),
    byPanels ? 0 : from, byPanels ? at(step, PIXELS) : to,
    byPanels ? from : 0, byPanels ? to : at(step, PANELS), 0, at(step, K),
  )
}
