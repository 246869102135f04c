/**
 * Matrix product of a block of pixels with packed panels; what pointwise, linear and im2col convolutions share.
 *
 * A block of pixels (BLOCK) stays in the level-2 cache while the panels pass over it; K_BLOCK rows of a panel stay in
 * the level-1 cache while the tiles pass over them. Tile heights are balanced: 49 pixels are 4 tiles of 6 and 5 of 5.
 */
import {
  ACTIVATION, BLOCK, BY_PANELS, DST, DST_STRIDE, K, K_BLOCK, NARROW, PANELS, PIXELS, RELU, SPLIT, SRC, SRC_STRIDE, WEIGHTS,
} from '../src/abi'
import { stripNarrow } from './gemm4'
import { ACCUMULATE, APPLY_RELU, strip8 } from './gemm8'
import { at, pointer } from './record'

/** Pixels [p0, p1) x panels [j0, j1); `src` and `dst` are the addresses of pixel 0. */
export function panels(step: usize, src: usize, lda: usize, weights: usize, dst: usize, ldc: usize, p0: i32, p1: i32, j0: i32, j1: i32): void {
  const k = at(step, K)
  const block = at(step, BLOCK)
  const kBlock = at(step, K_BLOCK)
  const wide = at(step, PANELS) - at(step, NARROW)
  const relu = at(step, ACTIVATION) == RELU ? APPLY_RELU : 0
  const panelBytes = (<usize>k + 1) << 5

  for (let b = p0; b < p1; b += block) {
    const pixels = min(block, p1 - b)
    const tiles = (pixels + 5) / 6
    const low = pixels / tiles
    const tall = pixels - low * tiles
    const a = src + <usize>b * lda
    const c = dst + <usize>b * ldc
    const aLow = a + <usize>(tall * (low + 1)) * lda
    const cLow = c + <usize>(tall * (low + 1)) * ldc
    for (let j = j0; j < j1; ++j) {
      const bias = weights + <usize>j * panelBytes
      const column = <usize>j << 5
      const row: usize = j < wide ? 32 : 16
      let w = bias + row
      let flags = 0
      for (let k0 = 0; k0 < k || k0 == 0; k0 += kBlock) {
        const depth = min(kBlock, k - k0)
        if (k0 + depth >= k) flags |= relu
        const shift = <usize>k0 << 2
        if (j < wide) {
          strip8(low + 1, a + shift, lda, w, bias, depth, c + column, ldc, flags, tall)
          strip8(low, aLow + shift, lda, w, bias, depth, cLow + column, ldc, flags, tiles - tall)
        } else {
          stripNarrow(low + 1, a + shift, lda, w, bias, depth, c + column, ldc, flags, tall)
          stripNarrow(low, aLow + shift, lda, w, bias, depth, cLow + column, ldc, flags, tiles - tall)
        }
        w += <usize>depth * row
        flags |= ACCUMULATE
      }
    }
  }
}

/** Pointwise convolution and linear: units are pixels, or panels when SPLIT says so. */
export function gemm(step: usize, from: i32, to: i32): void {
  const byPanels = at(step, SPLIT) == BY_PANELS
  panels(
    step, pointer(step, SRC), pointer(step, SRC_STRIDE), pointer(step, WEIGHTS), pointer(step, DST), pointer(step, DST_STRIDE),
    byPanels ? 0 : from, byPanels ? at(step, PIXELS) : to,
    byPanels ? from : 0, byPanels ? to : at(step, PANELS),
  )
}
