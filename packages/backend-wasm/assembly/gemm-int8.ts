/**
 * Pointwise convolution in int8: levels (0 to 127) times int8 weights in exact integer sums, between f32 values; core's integer-weight.ts
 * has the arithmetic, of which each step is rounded by itself, so that every kernel gives the same bits. Units are pixels, or panels when
 * SPLIT says so.
 *
 * Levels: u8, [K / 16][pixel][16]. Weights: a panel of 8 outputs is 8 scales, 8 biases, 8 elements of the diagonal in steps (f32, PANEL_HEAD
 * bytes), then [K / 4][8 outputs][4], i8, K padded to 16 with zeros, so that it does not matter what the levels beyond K are. The plain build, which
 * multiplies i16, has half as many k in as many bytes: levels [K / 8][pixel][8], weights [K / 2][8 outputs][2], K padded to 8. Results: f32, as
 * abi.ts says.
 *
 * A block of pixels (BLOCK) stays in the level-2 cache while the panels pass over it.
 */
import {
  ACTIVATION, BLOCK, BY_PANELS, DIAGONAL, DOT, DST, DST_PLANE, K, PANEL_HEAD, PANELS, PIXELS, SPLIT, SRC, SRC_PLANE, WEIGHTS,
} from '../src/abi'
import { finish } from './activate-f32'
import { product } from './generated/gemm-tile-int8'
import { placeOf } from './levels-int8'
import { at, pointer } from './record'
import { floorOf } from './simd'

export function gemmInt8(step: usize, from: i32, to: i32): void {
  const byPanels = at(step, SPLIT) == BY_PANELS
  const p1 = byPanels ? at(step, PIXELS) : to
  const j0 = byPanels ? from : 0, j1 = byPanels ? to : at(step, PANELS)
  const src = pointer(step, SRC), srcPlane = pointer(step, SRC_PLANE)
  const blocks = at(step, K)
  const panelBytes = (<usize>blocks << 7) + PANEL_HEAD
  const activation = at(step, ACTIVATION)
  const floor = floorOf(activation)
  for (let b = byPanels ? 0 : from; b < p1; b += at(step, BLOCK)) {
    const pixels = min(at(step, BLOCK), p1 - b)
    const offset = <usize>b << 4
    for (let j = j0; j < j1; ++j) {
      const head = pointer(step, WEIGHTS) + <usize>j * panelBytes
      const c = pointer(step, DST) + <usize>j * pointer(step, DST_PLANE) + (offset << 1)
      const own = at(step, DIAGONAL) ? placeOf(src, srcPlane, j) + offset : 0
      product(at(step, DOT), src + offset, srcPlane, head, blocks, c, own, floor, pixels)
      finish(activation, c, pixels << 1)
    }
  }
}
