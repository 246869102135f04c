/**
 * The machine's limit: 12 independent chains of f32 multiply-adds, 96 FLOP a round. The factors come from outside, so
 * that no compiler folds them, and every chain starts elsewhere, so that none is merged with another. Each multiplies its own sum: a product
 * of what does not change would be taken out of the loop where multiplication and addition are apart.
 */
import { fma } from './simd'

export function peak(rounds: i32, factor: f32): f32 {
  const x = f32x4.splat(factor)
  let a = x, b = f32x4.add(a, x), c = f32x4.add(b, x), d = f32x4.add(c, x), e = f32x4.add(d, x), f = f32x4.add(e, x)
  let g = f32x4.add(f, x), h = f32x4.add(g, x), i = f32x4.add(h, x), j = f32x4.add(i, x), k = f32x4.add(j, x), l = f32x4.add(k, x)
  for (; rounds > 0; --rounds) {
    a = fma(a, x, x); b = fma(b, x, x); c = fma(c, x, x); d = fma(d, x, x)
    e = fma(e, x, x); f = fma(f, x, x); g = fma(g, x, x); h = fma(h, x, x)
    i = fma(i, x, x); j = fma(j, x, x); k = fma(k, x, x); l = fma(l, x, x)
  }
  const s = f32x4.add(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)), f32x4.add(f32x4.add(e, f), f32x4.add(g, h)))
  return f32x4.extract_lane(f32x4.add(s, f32x4.add(f32x4.add(i, j), f32x4.add(k, l))), 0)
}
