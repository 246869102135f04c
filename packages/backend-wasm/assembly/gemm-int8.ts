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
 * A block of pixels (BLOCK) stays in the level-2 cache while the panels pass over it. The tiles leave the sums of a panel where its results
 * come, from where one loop for all kernels takes them out of the level-1 cache.
 */
import {
  ACTIVATION, BLOCK, BY_PANELS, DIAGONAL, DOT, DST, DST_PLANE, K, PANEL_HEAD, PANELS, PIXELS, SPLIT, SRC, SRC_PLANE, WEIGHTS,
} from '../src/abi'
import { finish } from './activate-f32'
import { sums } from './generated/gemm-tile-int8'
import { placeOf } from './levels-int8'
import { at, pointer } from './record'
import { atLeast, floorOf } from './simd'

/** (sum * scale + bias) + diagonal * level for `n` pixels at `c`; `own` are the levels of the panel's channels, or 0. */
function scaleSums(c: usize, n: i32, head: usize, own: usize, floor: f32): void {
  const low = f32x4.splat(floor)
  const scale0 = v128.load(head), scale1 = v128.load(head, 16)
  const bias0 = v128.load(head, 32), bias1 = v128.load(head, 48)
  const diagonal0 = v128.load(head, 64), diagonal1 = v128.load(head, 80)
  let more0 = f32x4.splat(0), more1 = more0
  for (; n > 0; --n, c += 32) {
    if (own) {
      const words = ASC_FEATURE_RELAXED_SIMD ? v128.load_ext<u8>(own) : v128.load(own)
      more0 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(words)), diagonal0)
      more1 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(words)), diagonal1)
      own += 16
    }
    const y0 = f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(v128.load(c)), scale0), bias0)
    const y1 = f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(v128.load(c, 16)), scale1), bias1)
    v128.store(c, atLeast(f32x4.add(y0, more0), low))
    v128.store(c, atLeast(f32x4.add(y1, more1), low), 16)
  }
}

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
      sums(at(step, DOT), src + offset, srcPlane, head + PANEL_HEAD, blocks, c, pixels)
      scaleSums(c, pixels, head, at(step, DIAGONAL) ? placeOf(src, srcPlane, j) + offset : 0, floor)
      finish(activation, c, pixels << 1)
    }
  }
}
