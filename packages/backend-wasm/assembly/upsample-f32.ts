/**
 * Another height and width, f32: each result is made of two rows and two columns, or of one of each where NEAREST. ROWS and COLUMNS
 * hold a vector for each: the two indices and their shares. Units are output rows of each group of 8 channels of each image.
 */
import { COLUMNS, DST, IN_H, IN_W, NEAREST, OUT_H, OUT_W, ROWS, SRC } from '../src/abi'
import { at, pointer } from './record'
import { fma } from './simd'

// @ts-ignore: decorator
@inline
function index(taps: usize, which: usize): usize {
  return <usize>load<f32>(taps + (which << 2))
}

// @ts-ignore: decorator
@inline
function mix(a: usize, b: usize, half: usize, wa: v128, wb: v128): v128 {
  return fma(v128.load(a + half), wa, f32x4.mul(v128.load(b + half), wb))
}

export function upsample(step: usize, from: i32, to: i32): void {
  const inW = <usize>at(step, IN_W), outH = at(step, OUT_H), outW = at(step, OUT_W)
  let dst = pointer(step, DST) + (<usize>(from * outW) << 5)
  for (let u = from; u < to; ++u) {
    const image = pointer(step, SRC) + (<usize>(u / outH * at(step, IN_H)) * inW << 5)
    const row = pointer(step, ROWS) + (<usize>(u % outH) << 4)
    const above = image + (index(row, 0) * inW << 5), below = image + (index(row, 1) * inW << 5)
    const wa = v128.load32_splat(row, 8), wb = v128.load32_splat(row, 12)
    let column = pointer(step, COLUMNS)
    for (let n = outW; n > 0; --n, column += 16, dst += 32) {
      const left = index(column, 0) << 5
      if (at(step, NEAREST)) {
        v128.store(dst, v128.load(above + left))
        v128.store(dst, v128.load(above + left, 16), 16)
        continue
      }
      const right = index(column, 1) << 5
      const wl = v128.load32_splat(column, 8), wr = v128.load32_splat(column, 12)
      for (let half: usize = 0; half < 32; half += 16) {
        const upper = mix(above + left, above + right, half, wl, wr)
        v128.store(dst + half, fma(upper, wa, f32x4.mul(mix(below + left, below + right, half, wl, wr), wb)))
      }
    }
  }
}
