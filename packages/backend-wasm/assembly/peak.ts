/** The machine's limit: 12 independent chains of f32 multiply-adds, 96 FLOP a round. */
import { fma } from './simd'

export function peak(rounds: i32): f32 {
  const x = f32x4.splat(0.999), y = f32x4.splat(1e-3)
  let a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x
  for (; rounds > 0; --rounds) {
    a = fma(a, x, y); b = fma(b, x, y); c = fma(c, x, y); d = fma(d, x, y)
    e = fma(e, x, y); f = fma(f, x, y); g = fma(g, x, y); h = fma(h, x, y)
    i = fma(i, x, y); j = fma(j, x, y); k = fma(k, x, y); l = fma(l, x, y)
  }
  const s = f32x4.add(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)), f32x4.add(f32x4.add(e, f), f32x4.add(g, h)))
  return f32x4.extract_lane(f32x4.add(s, f32x4.add(f32x4.add(i, j), f32x4.add(k, l))), 0)
}
