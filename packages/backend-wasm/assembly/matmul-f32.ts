/**
 * Products of two values, f32: of PIXELS rows of K channels in each item, with panels of 8 columns, 32 bytes per k. Groups of 8 channels
 * are such panels; of a second value that is to be transposed the kernel `transpose` makes them. Units are panels of each item.
 */
import {
  DST, DST_PLANE, FACTOR, ITEM_STEP, K, K_BLOCK, PANEL_STEP, PANELS, PIXELS, SRC, SRC_PLANE, WEIGHTS, ZEROS,
} from '../src/abi'
import { ACCUMULATE, strips, TILE_HEIGHT } from './generated/gemm-tile-f32'
import { at, pointer, real } from './record'

/** `rows` rows at `a` times a panel; `kBlock` rows of the panel at a time, a multiple of 8. */
export function product(a: usize, plane: usize, rows: i32, panel: usize, k: i32, kBlock: i32, zeros: usize, c: usize): void {
  const tiles = (rows + (TILE_HEIGHT - 1)) / TILE_HEIGHT
  const low = rows / tiles
  const tall = rows - low * tiles
  const offset = <usize>(tall * (low + 1)) << 5
  let flags = 0
  for (let k0 = 0; k0 < k; k0 += kBlock) {
    const depth = min(kBlock, k - k0)
    if (tall) strips(low + 1, a, plane, panel, zeros, depth, c, flags, tall)
    strips(low, a + offset, plane, panel, zeros, depth, c + offset, flags, tiles - tall)
    panel += <usize>depth << 5
    a += <usize>(depth >> 3) * plane
    flags = ACCUMULATE
  }
}

export function matmul(step: usize, from: i32, to: i32): void {
  const rows = at(step, PIXELS), panels = at(step, PANELS)
  const factor = f32x4.splat(real(step, FACTOR))
  for (let u = from; u < to; ++u) {
    const item = u / panels, j = u % panels
    const offset = <usize>(item * rows) << 5
    let c = pointer(step, DST) + offset + <usize>j * pointer(step, DST_PLANE)
    product(
      pointer(step, SRC) + offset, pointer(step, SRC_PLANE), rows,
      pointer(step, WEIGHTS) + <usize>item * pointer(step, ITEM_STEP) + <usize>j * pointer(step, PANEL_STEP),
      at(step, K), at(step, K_BLOCK), pointer(step, ZEROS), c,
    )
    if (real(step, FACTOR) == 1) continue
    for (let n = rows; n > 0; --n, c += 32) {
      v128.store(c, f32x4.mul(v128.load(c), factor))
      v128.store(c, f32x4.mul(v128.load(c, 16), factor), 16)
    }
  }
}
