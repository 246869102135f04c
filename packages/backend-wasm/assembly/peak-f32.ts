/**
 * The machine's limit: 12 independent chains of f32 multiply-adds, 96 FLOP a round. The factors come from outside, so
 * that no compiler folds them, and every chain starts elsewhere, so that none is merged with another.
 */
import { fma } from './simd'

export function peak(rounds: i32, factor: f32): f32 {
  const x = f32x4.splat(factor)
  let a = x, b = f32x4.add(a, x), c = f32x4.add(b, x), d = f32x4.add(c, x), e = f32x4.add(d, x), f = f32x4.add(e, x)
  let g = f32x4.add(f, x), h = f32x4.add(g, x), i = f32x4.add(h, x), j = f32x4.add(i, x), k = f32x4.add(j, x), l = f32x4.add(k, x)
  for (; rounds > 0; --rounds) {
    a = fma(x, x, a); b = fma(x, x, b); c = fma(x, x, c); d = fma(x, x, d)
    e = fma(x, x, e); f = fma(x, x, f); g = fma(x, x, g); h = fma(x, x, h)
    i = fma(x, x, i); j = fma(x, x, j); k = fma(x, x, k); l = fma(x, x, l)
  }
  const s = f32x4.add(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)), f32x4.add(f32x4.add(e, f), f32x4.add(g, h)))
  return f32x4.extract_lane(f32x4.add(s, f32x4.add(f32x4.add(i, j), f32x4.add(k, l))), 0)
}
