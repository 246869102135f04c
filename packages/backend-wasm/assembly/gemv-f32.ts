/**
 * f32 vector x packed panels: the classifier and squeeze-and-excite. Units are panels. Four panels at a time are 8
 * independent sums, enough to hide the latency of a multiply-add, and 4 streams of weights for the prefetcher.
 */
import { ACTIVATION, DST, K, SRC, WEIGHTS } from '../src/abi'
import { finish } from './activate-f32'
import { at, pointer } from './record'
import { atLeast, floorOf, fma } from './simd'

function four(a: usize, w: usize, panelBytes: usize, k: i32, c: usize, low: v128): void {
  let w0 = w, w1 = w0 + panelBytes, w2 = w1 + panelBytes, w3 = w2 + panelBytes
  let p0 = v128.load(w0), p1 = v128.load(w0, 16), p2 = v128.load(w1), p3 = v128.load(w1, 16)
  let p4 = v128.load(w2), p5 = v128.load(w2, 16), p6 = v128.load(w3), p7 = v128.load(w3, 16)
  for (; k > 0; --k) {
    const x = v128.load32_splat(a)
    p0 = fma(x, v128.load(w0, 32), p0); p1 = fma(x, v128.load(w0, 48), p1)
    p2 = fma(x, v128.load(w1, 32), p2); p3 = fma(x, v128.load(w1, 48), p3)
    p4 = fma(x, v128.load(w2, 32), p4); p5 = fma(x, v128.load(w2, 48), p5)
    p6 = fma(x, v128.load(w3, 32), p6); p7 = fma(x, v128.load(w3, 48), p7)
    a += 4
    w0 += 32; w1 += 32; w2 += 32; w3 += 32
  }
  v128.store(c, atLeast(p0, low)); v128.store(c, atLeast(p1, low), 16)
  v128.store(c, atLeast(p2, low), 32); v128.store(c, atLeast(p3, low), 48)
  v128.store(c, atLeast(p4, low), 64); v128.store(c, atLeast(p5, low), 80)
  v128.store(c, atLeast(p6, low), 96); v128.store(c, atLeast(p7, low), 112)
}

function one(a: usize, w: usize, k: i32, c: usize, low: v128): void {
  let p0 = v128.load(w), p1 = v128.load(w, 16)
  for (; k > 0; --k) {
    w += 32
    const x = v128.load32_splat(a)
    p0 = fma(x, v128.load(w), p0); p1 = fma(x, v128.load(w, 16), p1)
    a += 4
  }
  v128.store(c, atLeast(p0, low)); v128.store(c, atLeast(p1, low), 16)
}

export function gemv(step: usize, from: i32, to: i32): void {
  const a = pointer(step, SRC)
  const k = at(step, K)
  const panelBytes = (<usize>k + 1) << 5
  const activation = at(step, ACTIVATION)
  const low = f32x4.splat(floorOf(activation))
  const dst = pointer(step, DST)
  const end = dst + (<usize>to << 5)
  let w = pointer(step, WEIGHTS) + <usize>from * panelBytes
  let c = dst + (<usize>from << 5)
  for (; c + 96 < end; c += 128) {
    four(a, w, panelBytes, k, c, low)
    w += panelBytes << 2
  }
  for (; c < end; c += 32) {
    one(a, w, k, c, low)
    w += panelBytes
  }
  finish(activation, dst + (<usize>from << 5), (to - from) << 1)
}
