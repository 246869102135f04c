/**
 * Convolution of one plane, f32, 4 channels, tile T = 7 or 4 outputs of one row, 128-bit SIMD.
 *
 * Registers: T sums, 3 weights, 1 input. `w`: bias, then one vector per tap. Output rows are a whole number of tiles, so
 * the plane must be readable, and the output writable, up to there.
 */
import { fma } from './simd'

/** Add to what is in `out`, rather than to the bias. */
export const ADD: i32 = 1

// @ts-ignore: decorator
@inline
function plane3(S: i32, T: i32, plane: usize, pitch: usize, w: usize, out: usize, rows: i32, tiles: i32, flags: i32): void {
  for (let r = rows; r > 0; --r) {
    let a = plane
    for (let n = tiles; n > 0; --n) {
      let s0 = v128.load(w), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0
      if (flags & ADD) {
        s0 = v128.load(out); s1 = v128.load(out, 16); s2 = v128.load(out, 32); s3 = v128.load(out, 48)
        if (T > 4) { s4 = v128.load(out, 64); s5 = v128.load(out, 80); s6 = v128.load(out, 96) }
      }
      let k = w, p = a
      for (let ky = 3; ky > 0; --ky) {
        const left = v128.load(k, 16), centre = v128.load(k, 32), right = v128.load(k, 48)
        let v = v128.load(p)
        if (S == 1) {
          s0 = fma(v, left, s0)
          v = v128.load(p, 16); s0 = fma(v, centre, s0); s1 = fma(v, left, s1)
          v = v128.load(p, 32); s0 = fma(v, right, s0); s1 = fma(v, centre, s1); s2 = fma(v, left, s2)
          v = v128.load(p, 48); s1 = fma(v, right, s1); s2 = fma(v, centre, s2); s3 = fma(v, left, s3)
          v = v128.load(p, 64); s2 = fma(v, right, s2); s3 = fma(v, centre, s3); if (T > 4) s4 = fma(v, left, s4)
          v = v128.load(p, 80); s3 = fma(v, right, s3)
          if (T > 4) {
            s4 = fma(v, centre, s4); s5 = fma(v, left, s5)
            v = v128.load(p, 96); s4 = fma(v, right, s4); s5 = fma(v, centre, s5); s6 = fma(v, left, s6)
            v = v128.load(p, 112); s5 = fma(v, right, s5); s6 = fma(v, centre, s6)
            v = v128.load(p, 128); s6 = fma(v, right, s6)
          }
        } else {
          s0 = fma(v, left, s0)
          v = v128.load(p, 16); s0 = fma(v, centre, s0)
          v = v128.load(p, 32); s0 = fma(v, right, s0); s1 = fma(v, left, s1)
          v = v128.load(p, 48); s1 = fma(v, centre, s1)
          v = v128.load(p, 64); s1 = fma(v, right, s1); s2 = fma(v, left, s2)
          v = v128.load(p, 80); s2 = fma(v, centre, s2)
          v = v128.load(p, 96); s2 = fma(v, right, s2); s3 = fma(v, left, s3)
          v = v128.load(p, 112); s3 = fma(v, centre, s3)
          v = v128.load(p, 128); s3 = fma(v, right, s3)
          if (T > 4) {
            s4 = fma(v, left, s4)
            v = v128.load(p, 144); s4 = fma(v, centre, s4)
            v = v128.load(p, 160); s4 = fma(v, right, s4); s5 = fma(v, left, s5)
            v = v128.load(p, 176); s5 = fma(v, centre, s5)
            v = v128.load(p, 192); s5 = fma(v, right, s5); s6 = fma(v, left, s6)
            v = v128.load(p, 208); s6 = fma(v, centre, s6)
            v = v128.load(p, 224); s6 = fma(v, right, s6)
          }
        }
        k += 48
        p += pitch
      }
      v128.store(out, s0); v128.store(out, s1, 16); v128.store(out, s2, 32); v128.store(out, s3, 48)
      if (T > 4) { v128.store(out, s4, 64); v128.store(out, s5, 80); v128.store(out, s6, 96) }
      a += <usize>(S * T) << 4
      out += <usize>T << 4
    }
    plane += pitch * <usize>S
  }
}

function plane3s1t7(plane: usize, pitch: usize, w: usize, out: usize, rows: i32, tiles: i32, flags: i32): void {
  plane3(1, 7, plane, pitch, w, out, rows, tiles, flags)
}
function plane3s1t4(plane: usize, pitch: usize, w: usize, out: usize, rows: i32, tiles: i32, flags: i32): void {
  plane3(1, 4, plane, pitch, w, out, rows, tiles, flags)
}
function plane3s2t7(plane: usize, pitch: usize, w: usize, out: usize, rows: i32, tiles: i32, flags: i32): void {
  plane3(2, 7, plane, pitch, w, out, rows, tiles, flags)
}
function plane3s2t4(plane: usize, pitch: usize, w: usize, out: usize, rows: i32, tiles: i32, flags: i32): void {
  plane3(2, 4, plane, pitch, w, out, rows, tiles, flags)
}

/** The tile width that leaves the least of a row of `width` outputs unused. */
export function tileWidth(width: i32): i32 {
  return (width + 6) / 7 * 7 <= (width + 3) / 4 * 4 ? 7 : 4
}

/** `width` rounded up to whole tiles. */
export function tiledWidth(width: i32): i32 {
  const t = tileWidth(width)
  return (width + t - 1) / t * t
}

/** Any kernel, stride and dilation; 4 outputs at a time. `out`: rows of `tiledWidth(width)` pixels. */
export function convPlane(
  plane: usize, pitch: usize, w: usize, out: usize, rows: i32, width: i32,
  kernelH: i32, kernelW: i32, strideH: i32, strideW: i32, dilationH: i32, dilationW: i32, flags: i32,
): void {
  const t = tileWidth(width)
  const tiles = (width + t - 1) / t
  if (kernelH == 3 && kernelW == 3 && dilationH == 1 && dilationW == 1 && strideH == strideW && strideH <= 2) {
    if (strideH == 1) {
      if (t == 7) plane3s1t7(plane, pitch, w, out, rows, tiles, flags)
      else plane3s1t4(plane, pitch, w, out, rows, tiles, flags)
    } else {
      if (t == 7) plane3s2t7(plane, pitch, w, out, rows, tiles, flags)
      else plane3s2t4(plane, pitch, w, out, rows, tiles, flags)
    }
    return
  }
  const step = <usize>strideW << 4
  const all = tiles * t
  for (let r = 0; r < rows; ++r) {
    for (let x = 0; x < all; ++x) {
      let s = flags & ADD ? v128.load(out) : v128.load(w)
      let k = w
      let row = plane + <usize>x * step
      for (let ky = kernelH; ky > 0; --ky) {
        let p = row
        for (let kx = kernelW; kx > 0; --kx) {
          k += 16
          s = fma(v128.load(p), v128.load(k), s)
          p += <usize>dilationW << 4
        }
        row += pitch * <usize>dilationH
      }
      v128.store(out, s)
      out += 16
    }
    plane += pitch * <usize>strideH
  }
}

// @ts-ignore: decorator
@inline
function put(out: usize, value: v128, flags: i32): void {
  v128.store(out, flags & ADD ? f32x4.add(v128.load(out), value) : value)
}

/**
 * The input's gradient of a 3 x 3 convolution of stride 2, padding 1: even pixels lie under the middle tap, odd ones under
 * the two outer taps. `dz` has one zero row and column behind its last; `w` is in reverse order. 4 pixels at a time.
 */
export function backPlane2(dz: usize, pitch: usize, w: usize, out: usize, outPitch: usize, h: i32, width: i32, flags: i32): void {
  const w22 = v128.load(w, 16), w21 = v128.load(w, 32), w20 = v128.load(w, 48), w12 = v128.load(w, 64)
  const w11 = v128.load(w, 80), w10 = v128.load(w, 96), w02 = v128.load(w, 112), w01 = v128.load(w, 128)
  const w00 = v128.load(w, 144)
  for (let y = 0; y < h; ++y) {
    let a = dz, b = dz + pitch
    let to = out
    if (y & 1) {
      for (let x = width; x > 0; x -= 2) {
        const a0 = v128.load(a), b0 = v128.load(b)
        put(to, fma(a0, w21, f32x4.mul(b0, w01)), flags)
        if (x > 1) {
          put(to + 16, fma(v128.load(b, 16), w00, fma(b0, w02, fma(v128.load(a, 16), w20, f32x4.mul(a0, w22)))), flags)
        }
        a += 16
        b += 16
        to += 32
      }
      dz += pitch
    } else {
      for (let x = width; x > 0; x -= 2) {
        const a0 = v128.load(a)
        put(to, f32x4.mul(a0, w11), flags)
        if (x > 1) put(to + 16, fma(v128.load(a, 16), w10, f32x4.mul(a0, w12)), flags)
        a += 16
        to += 32
      }
    }
    out += outPitch
  }
}
