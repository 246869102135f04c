/**
 * The larger of TERMS (1 or 2) sums x * scale + shift, or x * scale + y * shift where y is x with its channels in the order of TABLE
 * (the channel of x, as f32, that each channel of y is), f32: Dynamic ReLU and Dynamic Shift-Max in one pass. A scale or shift is a value
 * of one pixel, one number a channel of each image or, where its bit of PER_ITEM is set, one an image; address 0 is a scale of 1 and a
 * shift of nothing. Units are groups of 8 channels of each image, as in SCALE.
 */
import {
  ACTIVATION, BATCH, DST, PER_ITEM, PIXELS, SCALE_1, SCALE_2, SHIFT_1, SHIFT_2, SRC, TABLE, TERMS,
} from '../src/abi'
import { gather } from './lanes'
import { at, pointer } from './record'
import { atLeast, floorOf, fma } from './simd'

export function blend(step: usize, from: i32, to: i32): void {
  const pixels = at(step, PIXELS), batch = at(step, BATCH)
  const floor = f32x4.splat(floorOf(at(step, ACTIVATION)))
  const isPair = at(step, TERMS) == 2, isMixed = at(step, TABLE) != 0
  for (let u = from; u < to; ++u) {
    const start = <usize>u * <usize>pixels << 5
    let x = pointer(step, SRC) + start
    let y = pointer(step, DST) + start
    const a0 = factor(step, SCALE_1, 0, u, 1), a1 = factor(step, SCALE_1, 0, u, 1, 16)
    const b0 = factor(step, SHIFT_1, 1, u, -0.0), b1 = factor(step, SHIFT_1, 1, u, -0.0, 16)
    if (!isPair) {
      for (let n = pixels; n > 0; --n, x += 32, y += 32) {
        v128.store(y, atLeast(fma(v128.load(x), a0, b0), floor))
        v128.store(y, atLeast(fma(v128.load(x, 16), a1, b1), floor), 16)
      }
      continue
    }
    const c0 = factor(step, SCALE_2, 2, u, 1), c1 = factor(step, SCALE_2, 2, u, 1, 16)
    const d0 = factor(step, SHIFT_2, 3, u, -0.0), d1 = factor(step, SHIFT_2, 3, u, -0.0, 16)
    if (!isMixed) {
      for (let n = pixels; n > 0; --n, x += 32, y += 32) {
        const low = v128.load(x), high = v128.load(x, 16)
        v128.store(y, atLeast(f32x4.max(fma(low, a0, b0), fma(low, c0, d0)), floor))
        v128.store(y, atLeast(f32x4.max(fma(high, a1, b1), fma(high, c1, d1)), floor), 16)
      }
      continue
    }
    const c = u / batch << 3, i = u % batch
    const p0 = source(step, c, i), p1 = source(step, c + 1, i), p2 = source(step, c + 2, i), p3 = source(step, c + 3, i)
    const p4 = source(step, c + 4, i), p5 = source(step, c + 5, i), p6 = source(step, c + 6, i), p7 = source(step, c + 7, i)
    for (let n = 0, o: usize = 0; n < pixels; ++n, o += 32) {
      const low = gather(p0 + o, p1 + o, p2 + o, p3 + o)
      const high = gather(p4 + o, p5 + o, p6 + o, p7 + o)
      const own0 = v128.load(x + o), own1 = v128.load(x + o, 16)
      const first0 = fma(own0, a0, f32x4.mul(low, b0)), first1 = fma(own1, a1, f32x4.mul(high, b1))
      const second0 = fma(own0, c0, f32x4.mul(low, d0)), second1 = fma(own1, c1, f32x4.mul(high, d1))
      v128.store(y + o, atLeast(f32x4.max(first0, second0), floor))
      v128.store(y + o, atLeast(f32x4.max(first1, second1), floor), 16)
    }
  }
}

/** Four of the 8 numbers that unit `u` is scaled or shifted by, the second four at `offset` 16. */
function factor(step: usize, word: i32, bit: i32, u: i32, absent: f32, offset: usize = 0): v128 {
  const p = pointer(step, word)
  if (!p) return f32x4.splat(absent)
  if (at(step, PER_ITEM) >> bit & 1) return v128.load32_splat(p + (<usize>(u % at(step, BATCH)) << 5))
  return v128.load(p + (<usize>u << 5) + offset)
}

/** Where the channel of x that is channel `c` of y begins, in image `i`. */
function source(step: usize, c: i32, i: i32): usize {
  const s = <i32>load<f32>(pointer(step, TABLE) + (<usize>c << 2))
  const plane = (s >> 3) * at(step, BATCH) + i
  return pointer(step, SRC) + (<usize>plane * <usize>at(step, PIXELS) << 5) + (<usize>(s & 7) << 2)
}
