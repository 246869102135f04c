/**
 * Gradient of a depthwise filter over one plane, f32, 4 channels, 128-bit SIMD: `to` (bias, then taps: one vector each) +=
 * the sum of dz, and of dz times the input under each tap. Rows are summed in chunks of about CHUNK outputs, so that the
 * error stays that of a short sum.
 */
import { add4, fma } from './simd'

const CHUNK: i32 = 1024

// @ts-ignore: decorator
@inline
function chunk3(S: i32, plane: usize, pitch: usize, dz: usize, dzPitch: usize, rows: i32, width: i32, to: usize): void {
  let g0 = f32x4.splat(0), g1 = g0, g2 = g0, g3 = g0, g4 = g0, g5 = g0, g6 = g0, g7 = g0, g8 = g0, sum = g0
  for (; rows > 0; --rows) {
    let a = plane, b = plane + pitch, c = plane + pitch + pitch
    let d = dz
    for (let n = width; n > 0; --n) {
      const v = v128.load(d)
      sum = f32x4.add(sum, v)
      g0 = fma(v, v128.load(a), g0); g1 = fma(v, v128.load(a, 16), g1); g2 = fma(v, v128.load(a, 32), g2)
      g3 = fma(v, v128.load(b), g3); g4 = fma(v, v128.load(b, 16), g4); g5 = fma(v, v128.load(b, 32), g5)
      g6 = fma(v, v128.load(c), g6); g7 = fma(v, v128.load(c, 16), g7); g8 = fma(v, v128.load(c, 32), g8)
      d += 16
      a += <usize>S << 4
      b += <usize>S << 4
      c += <usize>S << 4
    }
    plane += pitch * <usize>S
    dz += dzPitch
  }
  add4(to, sum); add4(to + 16, g0); add4(to + 32, g1); add4(to + 48, g2); add4(to + 64, g3); add4(to + 80, g4)
  add4(to + 96, g5); add4(to + 112, g6); add4(to + 128, g7); add4(to + 144, g8)
}

function chunk3s1(plane: usize, pitch: usize, dz: usize, dzPitch: usize, rows: i32, width: i32, to: usize): void {
  chunk3(1, plane, pitch, dz, dzPitch, rows, width, to)
}
function chunk3s2(plane: usize, pitch: usize, dz: usize, dzPitch: usize, rows: i32, width: i32, to: usize): void {
  chunk3(2, plane, pitch, dz, dzPitch, rows, width, to)
}

function sum(dz: usize, dzPitch: usize, rows: i32, width: i32, to: usize): void {
  let s = f32x4.splat(0)
  for (; rows > 0; --rows) {
    for (let x = 0; x < width; ++x) s = f32x4.add(s, v128.load(dz + (<usize>x << 4)))
    dz += dzPitch
  }
  add4(to, s)
}

function tap(plane: usize, pitch: usize, step: usize, dz: usize, dzPitch: usize, rows: i32, width: i32, to: usize): void {
  let g = f32x4.splat(0)
  for (; rows > 0; --rows) {
    let p = plane, d = dz
    for (let n = width; n > 0; --n) {
      g = fma(v128.load(d), v128.load(p), g)
      p += step
      d += 16
    }
    plane += pitch
    dz += dzPitch
  }
  add4(to, g)
}

export function filterPlane(
  plane: usize, pitch: usize, dz: usize, dzPitch: usize, rows: i32, width: i32,
  kernelH: i32, kernelW: i32, strideH: i32, strideW: i32, dilationH: i32, dilationW: i32, to: usize,
): void {
  const chunk = max(1, CHUNK / width)
  const fast = kernelH == 3 && kernelW == 3 && dilationH == 1 && dilationW == 1 && strideH == strideW && strideH <= 2
  for (let r = 0; r < rows; r += chunk) {
    const height = min(chunk, rows - r)
    const p = plane + <usize>(r * strideH) * pitch
    const d = dz + <usize>r * dzPitch
    if (fast) {
      if (strideH == 1) chunk3s1(p, pitch, d, dzPitch, height, width, to)
      else chunk3s2(p, pitch, d, dzPitch, height, width, to)
      continue
    }
    sum(d, dzPitch, height, width, to)
    let k = to
    for (let ky = 0; ky < kernelH; ++ky) {
      for (let kx = 0; kx < kernelW; ++kx) {
        k += 16
        tap(
          p + <usize>(ky * dilationH) * pitch + (<usize>(kx * dilationW) << 4), pitch * <usize>strideH, <usize>strideW << 4,
          d, dzPitch, height, width, k,
        )
      }
    }
  }
}
