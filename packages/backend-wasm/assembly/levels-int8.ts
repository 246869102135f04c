/**
 * From f32 to levels, `min(127, max(0, floor(x * inverse + 0.5)))` with 0 for NaN, each step rounded by itself: core's integer-weight.ts.
 * 16 channels of a pixel are 16 bytes; in the plain build, which has i16 products, 8 are. Units of the step are rows of the result for
 * each group of 8 channels; STRIDE_H and STRIDE_W leave pixels out, for a convolution with stride.
 */
import {
  BATCH, DST, DST_PLANE, HALF, IN_H, IN_W, LARGEST_LEVEL, OUT_H, OUT_W, SRC, SRC_PLANE, STRIDE_H, STRIDE_W, WEIGHTS,
} from '../src/abi'
import { number } from './exp-f32'
import { at, pointer } from './record'

/** A lane that is negative or NaN becomes one that narrowing without sign takes to 0: pmin leaves NaN, and a conversion makes it 0 or the least. */
// @ts-ignore: decorator
@inline
function level(x: v128, inverse: v128, half: v128, largest: v128): v128 {
  x = f32x4.pmin(f32x4.add(f32x4.mul(x, inverse), half), largest)
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_trunc_f32x4_s(x)
  return i32x4.trunc_sat_f32x4_s(x)
}

/** The levels of the 8 channels at `src`, in i16. */
// @ts-ignore: decorator
@inline
function words(src: usize, inverse0: v128, inverse1: v128, half: v128, largest: v128): v128 {
  return i16x8.narrow_i32x4_u(
    level(v128.load(src), inverse0, half, largest), level(v128.load(src, 16), inverse1, half, largest),
  )
}

/** `n` pixels of 8 channels, the sources `hop` bytes apart; `dst` is the place of the 8 channels in the first 16 bytes. */
export function storeLevels(src: usize, hop: usize, n: i32, inverse: usize, dst: usize): void {
  const inverse0 = v128.load(inverse), inverse1 = v128.load(inverse, 16)
  const half = number(HALF), largest = number(LARGEST_LEVEL)
  if (ASC_FEATURE_RELAXED_SIMD) {
    for (; n > 1; n -= 2, src += hop << 1, dst += 32) {
      const bytes = i8x16.narrow_i16x8_u(
        words(src, inverse0, inverse1, half, largest), words(src + hop, inverse0, inverse1, half, largest),
      )
      v128.store_lane<u64>(dst, bytes, 0)
      v128.store_lane<u64>(dst, bytes, 1, 16)
    }
  }
  for (; n > 0; --n, src += hop, dst += 16) {
    const last = words(src, inverse0, inverse1, half, largest)
    if (ASC_FEATURE_RELAXED_SIMD) v128.store_lane<u64>(dst, i8x16.narrow_i16x8_u(last, last), 0)
    else v128.store(dst, last)
  }
}

/** Where group `group` of 8 channels is in `levels`, from the first pixel on. */
// @ts-ignore: decorator
@inline
export function placeOf(levels: usize, plane: usize, group: usize): usize {
  if (ASC_FEATURE_RELAXED_SIMD) return levels + (group >> 1) * plane + ((group & 1) << 3)
  return levels + group * plane
}

export function levels(step: usize, from: i32, to: i32): void {
  const inH = at(step, IN_H), inW = at(step, IN_W), outH = at(step, OUT_H), outW = at(step, OUT_W)
  const rows = at(step, BATCH) * outH
  const hop = <usize>at(step, STRIDE_W) << 5
  for (let u = from; u < to; ++u) {
    const group = <usize>(u / rows)
    const row = u % rows
    const y = row / outH * inH + row % outH * at(step, STRIDE_H)
    storeLevels(
      pointer(step, SRC) + group * pointer(step, SRC_PLANE) + (<usize>(y * inW) << 5), hop, outW,
      pointer(step, WEIGHTS) + (group << 5),
      placeOf(pointer(step, DST), pointer(step, DST_PLANE), group) + (<usize>(row * outW) << 4),
    )
  }
}
