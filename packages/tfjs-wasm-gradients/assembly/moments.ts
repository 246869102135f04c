/**
 * Mean and variance of each output channel of a depthwise convolution without running it, and their gradients.
 *
 * With m_t the mean of the input under tap t and C_tu the covariance of the inputs under taps t and u (one of each per input
 * channel, common to all of its filters w), the mean is `sum_t w_t m_t` and the variance `sum_tu w_t w_u C_tu`. They follow
 * from sums of values and of products, which are added up in float64 beyond FLUSH pixels, since a covariance is the small
 * difference of two such sums where the mean is many deviations. Of a 3 x 3 stride 1 convolution that keeps the size, the sum
 * of products is that over the image of x(q) x(q + u - t), less the border row and column that tap t never reaches: 13 products
 * a pixel.
 */
import {
  at, BATCH, DILATION_H, DILATION_W, IN_C, IN_H, IN_W, KERNEL_H, KERNEL_W, OUT_C, OUT_H, OUT_W, PAD_LEFT, PAD_TOP,
  STRIDE_H, STRIDE_W,
} from './geometry'
import { packFilters } from './depthwise'
import { packPlane, unpackPlane } from './plane'
import { ADD, backPlane2 as convBackPlane2, convPlane, tiledWidth } from './plane-conv'
import { add4, fma } from './simd'

/** Pixels in a sum; pixels whose sums are added up in f32. */
const CHUNK: i32 = 64
const FLUSH: i32 = 256
/** Products of a pixel with its 13 neighbours of the half plane from itself on, and the pixel itself. */
const LAGS: i32 = 14
/** All pixels; first row, last row, first column, last column; their 4 corners. */
const PARTS: i32 = 9

// @ts-ignore: decorator
@inline
function taps(g: usize): i32 {
  return at(g, KERNEL_H) * at(g, KERNEL_W)
}

function isSame3(g: usize): bool {
  return at(g, STRIDE_H) == 1 && at(g, STRIDE_W) == 1 && isCentred3(g)
}

/** 3 x 3, stride 1 or 2, its outputs centred on every or every second pixel from the first. */
function isCentred3(g: usize): bool {
  const stride = at(g, STRIDE_H)
  return at(g, KERNEL_H) == 3 && at(g, KERNEL_W) == 3 && stride <= 2 && stride == at(g, STRIDE_W) &&
    at(g, DILATION_H) == 1 && at(g, DILATION_W) == 1 && at(g, PAD_TOP) == 1 && at(g, PAD_LEFT) == 1 &&
    at(g, OUT_H) == (at(g, IN_H) + stride - 1) / stride && at(g, OUT_W) == (at(g, IN_W) + stride - 1) / stride
}

// @ts-ignore: decorator
@inline
function spanH(g: usize): i32 {
  return (at(g, OUT_H) - 1) * at(g, STRIDE_H) + (at(g, KERNEL_H) - 1) * at(g, DILATION_H) + 1
}

// @ts-ignore: decorator
@inline
function spanW(g: usize): i32 {
  return (at(g, OUT_W) - 1) * at(g, STRIDE_W) + (at(g, KERNEL_W) - 1) * at(g, DILATION_W) + 1
}

/** Pixels of a plane with 2 zeros on all sides, and at the right up to whole tiles. */
// @ts-ignore: decorator
@inline
function wideSize(g: usize): i32 {
  return (at(g, IN_H) + 4) * (tiledWidth(at(g, IN_W)) + 4)
}

// @ts-ignore: decorator
@inline
function groups(g: usize): usize {
  return <usize>((at(g, IN_C) + 3) >> 2)
}

/** Bytes of what is summed over the batch for 4 channels: S and G, and the parts they are assembled from. */
function totalBytes(g: usize): usize {
  const t = taps(g)
  return <usize>(t + t * t + (isSame3(g) ? PARTS * LAGS : 0)) << 4
}

/** Bytes of scratch {@link depthwiseMoments} needs. */
export function depthwiseMomentsScratch(g: usize): usize {
  const t = taps(g)
  return 3 * groups(g) * totalBytes(g) + (<usize>(t + t * t) << 3) +
    (<usize>(isSame3(g) ? wideSize(g) : spanH(g) * spanW(g)) << 4)
}

/** Outputs of a channel over the batch. */
// @ts-ignore: decorator
@inline
function outputs(g: usize): f64 {
  return <f64>at(g, BATCH) * <f64>at(g, OUT_H) * <f64>at(g, OUT_W)
}

/** `totals` (f64) += `sums` (f32, `bytes`), which become 0. */
function flush(sums: usize, bytes: usize, totals: usize): void {
  for (const end = sums + bytes; sums < end; sums += 16) {
    const v = v128.load(sums)
    const high = v128.shuffle<i32>(v, v, 2, 3, 2, 3)
    v128.store(totals, f64x2.add(v128.load(totals), f64x2.promote_low_f32x4(v)))
    v128.store(totals, f64x2.add(v128.load(totals, 16), f64x2.promote_low_f32x4(high)), 16)
    v128.store(sums, f32x4.splat(0))
    totals += 32
  }
}

/** Sum over [rows, width] of the products of `p` and `q`, `step` bytes a column. */
function dot(p: usize, q: usize, pitch: usize, step: usize, rows: i32, width: i32): v128 {
  let s = f32x4.splat(0)
  for (; rows > 0; --rows) {
    let a = p, b = q
    for (let n = width; n > 0; --n) {
      s = fma(v128.load(a), v128.load(b), s)
      a += step
      b += step
    }
    p += pitch
    q += pitch
  }
  return s
}

function total(p: usize, pitch: usize, step: usize, rows: i32, width: i32): v128 {
  let s = f32x4.splat(0)
  for (; rows > 0; --rows) {
    let a = p
    for (let n = width; n > 0; --n) {
      s = f32x4.add(s, v128.load(a))
      a += step
    }
    p += pitch
  }
  return s
}

/**
 * Kernel width 3: products of the three taps in a row at `p` with the three in a row at `q`, over [rows, width]. `to`
 * [taps][taps], from the entry of the first two taps on, +=.
 */
function addRows3(p: usize, q: usize, pitch: usize, step: usize, rows: i32, width: i32, to: usize, toStep: usize): void {
  let g0 = f32x4.splat(0), g1 = g0, g2 = g0, g3 = g0, g4 = g0, g5 = g0, g6 = g0, g7 = g0, g8 = g0
  for (; rows > 0; --rows) {
    let a = p, b = q
    for (let n = width; n > 0; --n) {
      const t0 = v128.load(a), t1 = v128.load(a, 16), t2 = v128.load(a, 32)
      let u = v128.load(b); g0 = fma(t0, u, g0); g3 = fma(t1, u, g3); g6 = fma(t2, u, g6)
      u = v128.load(b, 16); g1 = fma(t0, u, g1); g4 = fma(t1, u, g4); g7 = fma(t2, u, g7)
      u = v128.load(b, 32); g2 = fma(t0, u, g2); g5 = fma(t1, u, g5); g8 = fma(t2, u, g8)
      a += step
      b += step
    }
    p += pitch
    q += pitch
  }
  add4(to, g0); add4(to + 16, g1); add4(to + 32, g2)
  to += toStep
  add4(to, g3); add4(to + 16, g4); add4(to + 32, g5)
  to += toStep
  add4(to, g6); add4(to + 16, g7); add4(to + 32, g8)
}

/** Any geometry: `sums` [taps], `products` [taps][taps] (upper triangle) +=. */
function addMoments(g: usize, plane: usize, pitch: usize, to: usize): void {
  const kernelW = at(g, KERNEL_W), count = taps(g)
  const oh = at(g, OUT_H), ow = at(g, OUT_W)
  const step = <usize>at(g, STRIDE_W) << 4
  const rowStep = pitch * <usize>at(g, STRIDE_H)
  const products = to + (<usize>count << 4)
  const rows3 = kernelW == 3 && at(g, DILATION_W) == 1
  const chunk = max(1, CHUNK / ow)
  for (let r = 0; r < oh; r += chunk) {
    const rows = min(chunk, oh - r)
    const origin = plane + <usize>r * rowStep
    for (let t = 0; t < count; ++t) {
      const p = origin + pitch * <usize>(t / kernelW * at(g, DILATION_H)) + (<usize>(t % kernelW * at(g, DILATION_W)) << 4)
      add4(to + (<usize>t << 4), total(p, rowStep, step, rows, ow))
      if (rows3) {
        if (t % 3 != 0) continue
        for (let u = t; u < count; u += 3) {
          const q = origin + pitch * <usize>(u / 3 * at(g, DILATION_H))
          addRows3(p, q, rowStep, step, rows, ow, products + (<usize>(t * count + u) << 4), <usize>count << 4)
        }
        continue
      }
      for (let u = t; u < count; ++u) {
        const q = origin + pitch * <usize>(u / kernelW * at(g, DILATION_H)) + (<usize>(u % kernelW * at(g, DILATION_W)) << 4)
        add4(products + (<usize>(t * count + u) << 4), dot(p, q, rowStep, step, rows, ow))
      }
    }
  }
}

/** Lags 0 .. 12 in the order (0, 0..2), (1, -2..2), (2, -2..2), then the sum, over [rows, width]: `to` [LAGS] +=. */
function addLags(p: usize, pitch: usize, rows: i32, width: i32, to: usize): void {
  let s = f32x4.splat(0), a0 = s, a1 = s, a2 = s, b0 = s, b1 = s, b2 = s, b3 = s, b4 = s
  let row = p
  for (let r = rows; r > 0; --r) {
    let q = row
    let next = row + pitch
    for (let n = width; n > 0; --n) {
      const v = v128.load(q)
      s = f32x4.add(s, v)
      a0 = fma(v, v, a0); a1 = fma(v, v128.load(q, 16), a1); a2 = fma(v, v128.load(q, 32), a2)
      b0 = fma(v, v128.load(next - 32), b0); b1 = fma(v, v128.load(next - 16), b1); b2 = fma(v, v128.load(next), b2)
      b3 = fma(v, v128.load(next, 16), b3); b4 = fma(v, v128.load(next, 32), b4)
      q += 16
      next += 16
    }
    row += pitch
  }
  add4(to, a0); add4(to + 16, a1); add4(to + 32, a2)
  add4(to + 48, b0); add4(to + 64, b1); add4(to + 80, b2); add4(to + 96, b3); add4(to + 112, b4)
  add4(to + 208, s)
  b0 = f32x4.splat(0); b1 = b0; b2 = b0; b3 = b0; b4 = b0
  row = p
  for (let r = rows; r > 0; --r) {
    let q = row
    let next = row + pitch + pitch
    for (let n = width; n > 0; --n) {
      const v = v128.load(q)
      b0 = fma(v, v128.load(next - 32), b0); b1 = fma(v, v128.load(next - 16), b1); b2 = fma(v, v128.load(next), b2)
      b3 = fma(v, v128.load(next, 16), b3); b4 = fma(v, v128.load(next, 32), b4)
      q += 16
      next += 16
    }
    row += pitch
  }
  add4(to + 128, b0); add4(to + 144, b1); add4(to + 160, b2); add4(to + 176, b3); add4(to + 192, b4)
}

/** All parts of one plane; `p`: its first pixel. */
function addParts(p: usize, pitch: usize, h: i32, w: i32, parts: usize): void {
  const chunk = max(1, CHUNK / w)
  for (let r = 0; r < h; r += chunk) addLags(p + <usize>r * pitch, pitch, min(chunk, h - r), w, parts)
  const size = <usize>LAGS << 4
  const last = p + <usize>(h - 1) * pitch
  const right = <usize>(w - 1) << 4
  addLags(p, pitch, 1, w, parts + size)
  addLags(last, pitch, 1, w, parts + 2 * size)
  addLags(p, pitch, h, 1, parts + 3 * size)
  addLags(p + right, pitch, h, 1, parts + 4 * size)
  addLags(p, pitch, 1, 1, parts + 5 * size)
  addLags(p + right, pitch, 1, 1, parts + 6 * size)
  addLags(last, pitch, 1, 1, parts + 7 * size)
  addLags(last + right, pitch, 1, 1, parts + 8 * size)
}

/** Of one channel the pixels tap (ky, kx) reaches, of one lag; `parts` in f64, four channels side by side. */
function reached(parts: usize, ky: i32, kx: i32, lag: i32): f64 {
  const size = <usize>LAGS << 5
  const p = parts + (<usize>lag << 5)
  let v = load<f64>(p)
  // Tap row 0 never reaches the last row, tap row 2 never the first; so for columns.
  const row = ky == 0 ? 2 : ky == 2 ? 1 : 0
  const column = kx == 0 ? 4 : kx == 2 ? 3 : 0
  if (row) v -= load<f64>(p + <usize>row * size)
  if (column) v -= load<f64>(p + <usize>column * size)
  if (row && column) v += load<f64>(p + <usize>(5 + (row - 1) * 2 + (column - 3)) * size)
  return v
}

/** Of one channel the sums under each tap and of the products of each two: `to` [taps + taps * taps] f64, upper triangle. */
function assemble(totals: usize, same: bool, count: i32, to: usize): void {
  const products = to + (<usize>count << 3)
  const parts = totals + (<usize>(count + count * count) << 5)
  for (let t = 0; t < count; ++t) {
    store<f64>(to + (<usize>t << 3), same ? reached(parts, t / 3, t % 3, LAGS - 1) : load<f64>(totals + (<usize>t << 5)))
    for (let u = t; u < count; ++u) {
      const entry = t * count + u
      let v: f64
      if (same) {
        const dy = u / 3 - t / 3, dx = u % 3 - t % 3
        v = reached(parts, t / 3, t % 3, dy == 0 ? dx : 5 * dy + dx)
      } else {
        v = load<f64>(totals + (<usize>(count + entry) << 5))
      }
      store<f64>(products + (<usize>entry << 3), v)
    }
  }
}

/**
 * `out` [2, c * m]: means, variances; `moments` [taps + taps * taps, c]: means and covariances of the taps, for
 * {@link depthwiseMomentsBackward}.
 */
export function depthwiseMoments(g: usize, x: usize, filter: usize, out: usize, moments: usize, scratch: usize): void {
  const h = at(g, IN_H), w = at(g, IN_W), c = at(g, IN_C), m = at(g, OUT_C)
  const count = taps(g)
  const same = isSame3(g)
  const entryBytes = <usize>(count + count * count) << 4
  const stateBytes = totalBytes(g)
  const statesBytes = groups(g) * stateBytes
  const totals = scratch + statesBytes
  const own = totals + (statesBytes << 1)
  const plane = own + (<usize>(count + count * count) << 3)
  const height = same ? h + 4 : spanH(g), width = same ? tiledWidth(w) + 4 : spanW(g)
  const pitch = <usize>width << 4
  const together = max(1, FLUSH / (h * w))
  memory.fill(scratch, 0, plane - scratch + <usize>height * pitch)
  for (let i = 0; i < at(g, BATCH); ++i) {
    let state = scratch
    for (let c0 = 0; c0 < c; c0 += 4) {
      const lanes = min(4, c - c0)
      const image = x + (<usize>(i * h * w * c + c0) << 2)
      if (same) {
        packPlane(image, 0, h, w, <usize>c << 2, 4, lanes, plane, height, width, 1, 1, 2, 2)
        addParts(plane + 2 * pitch + 32, pitch, h, w, state + entryBytes)
      } else {
        packPlane(
          image, 0, h, w, <usize>c << 2, 4, lanes, plane, height, width, 1, 1, at(g, PAD_TOP), at(g, PAD_LEFT),
        )
        addMoments(g, plane, pitch, state)
      }
      state += stateBytes
    }
    if ((i + 1) % together == 0 || i + 1 == at(g, BATCH)) flush(scratch, statesBytes, totals)
  }
  const scale = 1 / outputs(g)
  for (let channel = 0; channel < c; ++channel) {
    assemble(totals + (<usize>(channel >> 2) * stateBytes << 1) + (<usize>(channel & 3) << 3), same, count, own)
    const products = own + (<usize>count << 3)
    for (let t = 0; t < count; ++t) {
      const mean = load<f64>(own + (<usize>t << 3)) * scale
      store<f64>(own + (<usize>t << 3), mean)
      store<f32>(moments + (<usize>(t * c + channel) << 2), <f32>mean)
    }
    for (let t = 0; t < count; ++t) {
      for (let u = t; u < count; ++u) {
        const at = products + (<usize>(t * count + u) << 3)
        const v = load<f64>(at) * scale - load<f64>(own + (<usize>t << 3)) * load<f64>(own + (<usize>u << 3))
        store<f64>(at, v)
        store<f64>(products + (<usize>(u * count + t) << 3), v)
        store<f32>(moments + (<usize>((count + t * count + u) * c + channel) << 2), <f32>v)
        store<f32>(moments + (<usize>((count + u * count + t) * c + channel) << 2), <f32>v)
      }
    }
    for (let j = 0; j < m; ++j) {
      let mean: f64 = 0, variance: f64 = 0
      for (let t = 0; t < count; ++t) {
        const weight = tapWeight(filter, t, c, m, channel, j)
        mean += weight * load<f64>(own + (<usize>t << 3))
        let sum: f64 = 0
        for (let u = 0; u < count; ++u) {
          sum += tapWeight(filter, u, c, m, channel, j) * load<f64>(products + (<usize>(t * count + u) << 3))
        }
        variance += weight * sum
      }
      store<f32>(out + (<usize>(channel * m + j) << 2), <f32>mean)
      store<f32>(out + (<usize>(c * m + channel * m + j) << 2), <f32>max(0, variance))
    }
  }
}

// @ts-ignore: decorator
@inline
function tapWeight(filter: usize, t: i32, c: i32, m: i32, channel: i32, j: i32): f64 {
  return <f64>load<f32>(filter + (<usize>((t * c + channel) * m + j) << 2))
}

/** sum_u C_tu w_u. */
export function productWith(filter: usize, moments: usize, t: i32, count: i32, c: i32, m: i32, channel: i32, j: i32): f64 {
  let s: f64 = 0
  for (let u = 0; u < count; ++u) {
    s += tapWeight(filter, u, c, m, channel, j) * <f64>load<f32>(moments + (<usize>((count + t * count + u) * c + channel) << 2))
  }
  return s
}

/** Bytes of scratch {@link depthwiseMomentsBackward} needs. */
export function depthwiseMomentsBackwardScratch(g: usize): usize {
  const t = taps(g)
  const planes = isCentred3(g) ? wideSize(g) + at(g, IN_H) * tiledWidth(at(g, IN_W)) : 2 * spanH(g) * spanW(g) + at(g, IN_H) * at(g, IN_W)
  return groups(g) * (<usize>(t + t * t + 16 * 26) << 4) + (<usize>planes << 4) + spreadBytes(g) +
    (groups(g) * <usize>(t + 1) << 4)
}

/**
 * dx and dfilter from d [2, c * m] and what {@link depthwiseMoments} left in `moments`; either may be 0. Where `convolution`, a geometry of
 * multiplier 1, is not 0, dx is that of its output's gradient `dy` too, where the output `y` is above zero if that is not 0, by its
 * filter `kernel` [taps, c]: of a convolution centred on its pixels.
 */
export function depthwiseMomentsBackward(
  g: usize, x: usize, filter: usize, moments: usize, d: usize, dx: usize, dfilter: usize,
  convolution: usize, kernel: usize, y: usize, dy: usize, scratch: usize,
): void {
  const h = at(g, IN_H), w = at(g, IN_W), c = at(g, IN_C), m = at(g, OUT_C)
  const count = taps(g)
  const stride = at(g, STRIDE_H)
  const centred = isCentred3(g)
  const productAt = <usize>count << 4
  const kernelsAt = productAt + (<usize>(count * count) << 4)
  const stateBytes = kernelsAt + (16 * 26 << 4)
  const plane = scratch + groups(g) * stateBytes
  const height = centred ? h + 4 : spanH(g), width = centred ? tiledWidth(w) + 4 : spanW(g)
  const pitch = <usize>width << 4
  const out = plane + <usize>height * pitch
  const top = at(g, PAD_TOP), left = at(g, PAD_LEFT)
  const scale = 1 / outputs(g)
  const spread = out + (<usize>(h * tiledWidth(w)) << 4)
  const kernels = spread + spreadBytes(g)
  memory.fill(scratch, 0, out - scratch)
  if (convolution) {
    memory.fill(out, 0, kernels - out)
    packFilters(convolution, kernel, 0, true, kernels)
  }
  if (dx && !centred) memory.fill(dx, 0, <usize>(at(g, BATCH) * h * w * c) << 2)
  for (let channel = 0; channel < c; ++channel) {
    const sumWeights = scratch + <usize>(channel >> 2) * stateBytes + (<usize>(channel & 3) << 2)
    const productWeights = sumWeights + productAt
    for (let j = 0; j < m; ++j) {
      const dmean = <f64>load<f32>(d + (<usize>(channel * m + j) << 2))
      const dvariance = 2 * <f64>load<f32>(d + (<usize>(c * m + channel * m + j) << 2))
      const dq = dvariance * scale
      let mean: f64 = 0
      for (let t = 0; t < count; ++t) {
        mean += tapWeight(filter, t, c, m, channel, j) * <f64>load<f32>(moments + (<usize>(t * c + channel) << 2))
      }
      const ds = dmean * scale - dq * mean
      for (let t = 0; t < count; ++t) {
        const weight = tapWeight(filter, t, c, m, channel, j)
        if (dfilter) store<f32>(
          dfilter + (<usize>((t * c + channel) * m + j) << 2),
          <f32>(dmean * <f64>load<f32>(moments + (<usize>(t * c + channel) << 2)) +
            dvariance * productWith(filter, moments, t, count, c, m, channel, j)),
        )
        const at = sumWeights + (<usize>t << 4)
        store<f32>(at, load<f32>(at) + <f32>(ds * weight))
        for (let u = 0; u < count; ++u) {
          const at = productWeights + (<usize>(t * count + u) << 4)
          store<f32>(at, load<f32>(at) + <f32>(dq * weight * tapWeight(filter, u, c, m, channel, j)))
        }
      }
    }
  }
  if (!dx) return
  if (centred) {
    for (let state = scratch; state < plane; state += stateBytes) {
      placeKernels(stride, state, state + productAt, state + kernelsAt)
    }
  }
  for (let i = 0; i < at(g, BATCH); ++i) {
    let state = scratch
    for (let c0 = 0; c0 < c; c0 += 4) {
      const lanes = min(4, c - c0)
      const offset = <usize>(i * h * w * c + c0) << 2
      if (centred) {
        packPlane(x + offset, 0, h, w, <usize>c << 2, 4, lanes, plane, height, width, 1, 1, 2, 2)
        if (stride == 1) backPlane(plane, pitch, state + kernelsAt, h, w, out)
        else backPlane2(plane, pitch, state + kernelsAt, h, w, out)
        if (convolution) addInputGradient(g, i, c0, dy, y, kernels + (<usize>(c0 >> 2) * 160), spread, out)
        unpackPlane(out, <usize>tiledWidth(w) << 4, h, w, dx + offset, <usize>c << 2, 4, lanes, 0)
      } else {
        packPlane(x + offset, 0, h, w, <usize>c << 2, 4, lanes, plane, height, width, 1, 1, top, left)
        memory.fill(out, 0, <usize>height * pitch)
        scatter(g, plane, pitch, state, state + productAt, out)
        unpackSpan(out, height, width, top, left, h, w, dx + offset, <usize>c << 2, lanes)
      }
      state += stateBytes
    }
  }
}

/** Bytes of the plane of output gradients {@link addInputGradient} reads. */
function spreadBytes(g: usize): usize {
  return (at(g, STRIDE_H) == 1
    ? <usize>((at(g, IN_H) + 2) * (tiledWidth(at(g, IN_W)) + 2))
    : <usize>((at(g, OUT_H) + 1) * (at(g, OUT_W) + 1))) << 4
}

/** `out`, 4 channels of one image's dx, += that of a centred convolution with the flipped filter `kernel`. */
function addInputGradient(
  g: usize, image: i32, c0: i32, dy: usize, y: usize, kernel: usize, spread: usize, out: usize,
): void {
  const h = at(g, IN_H), w = at(g, IN_W), c = at(g, IN_C), oh = at(g, OUT_H), ow = at(g, OUT_W)
  const lanes = min(4, c - c0)
  const from = <usize>(image * oh * ow * c + c0) << 2
  const yAt = y ? y + from : 0
  if (at(g, STRIDE_H) == 1) {
    const width = tiledWidth(w) + 2
    packPlane(dy + from, yAt, h, w, <usize>c << 2, 4, lanes, spread, h + 2, width, 1, 1, 1, 1)
    convPlane(spread, <usize>width << 4, kernel, out, h, w, 3, 3, 1, 1, 1, 1, ADD)
  } else {
    packPlane(dy + from, yAt, oh, ow, <usize>c << 2, 4, lanes, spread, oh, ow + 1, 1, 1, 0, 0)
    convBackPlane2(spread, <usize>(ow + 1) << 4, kernel, out, <usize>tiledWidth(w) << 4, h, w, ADD)
  }
}

/** The part of a padded plane that is the image. */
function unpackSpan(
  plane: usize, height: i32, width: i32, top: i32, left: i32, h: i32, w: i32, image: usize, pixel: usize, lanes: i32,
): void {
  const y0 = max(0, -top), x0 = max(0, -left)
  const rows = min(h - y0, height - top - y0), columns = min(w - x0, width - left - x0)
  for (let y = y0; y < y0 + rows; ++y) {
    unpackPlane(
      plane + (<usize>((y + top) * width + x0 + left) << 4), 0, 1, columns, image + <usize>(y * w + x0) * pixel, pixel, 4,
      lanes, 0,
    )
  }
}

/** Any geometry: of each output the gradient of the inputs under its taps, added to them. */
function scatter(g: usize, plane: usize, pitch: usize, sumWeights: usize, productWeights: usize, out: usize): void {
  const kernelH = at(g, KERNEL_H), kernelW = at(g, KERNEL_W)
  const rowStep = pitch * <usize>at(g, DILATION_H), step = <usize>at(g, DILATION_W) << 4
  for (let y = 0; y < at(g, OUT_H); ++y) {
    for (let x = 0; x < at(g, OUT_W); ++x) {
      const place = pitch * <usize>(y * at(g, STRIDE_H)) + (<usize>(x * at(g, STRIDE_W)) << 4)
      let k = productWeights, s = sumWeights
      for (let ky = 0; ky < kernelH; ++ky) {
        for (let kx = 0; kx < kernelW; ++kx) {
          let z = v128.load(s)
          let row = plane + place
          for (let uy = kernelH; uy > 0; --uy) {
            let q = row
            for (let ux = kernelW; ux > 0; --ux) {
              z = fma(v128.load(k), v128.load(q), z)
              k += 16
              q += step
            }
            row += rowStep
          }
          s += 16
          add4(out + place + <usize>ky * rowStep + <usize>kx * step, z)
        }
      }
    }
  }
}

/**
 * Taps that reach a row (or column) of place `place`, as bits. Stride 1: places 0 inside, 1 first, 2 last, 3 both. Stride
 * 2: 0 even, 1 odd, 2 odd and last.
 */
function reaching(stride: i32, place: i32): i32 {
  if (stride == 1) return place == 0 ? 7 : place == 1 ? 3 : place == 2 ? 6 : 2
  return place == 0 ? 2 : place == 1 ? 5 : 4
}

/** 16 kernels of a constant and 5 x 5 taps: one for each place of the row, times 4, and of the column. */
function placeKernels(stride: i32, sumWeights: usize, productWeights: usize, kernels: usize): void {
  for (let rows = 0; rows < 4; ++rows) {
    for (let columns = 0; columns < 4; ++columns) {
      const to = kernels + (<usize>((rows * 4 + columns) * 26) << 4)
      for (let t = 0; t < 9; ++t) {
        const ky = t / 3, kx = t % 3
        if (!(reaching(stride, rows) >> ky & 1) || !(reaching(stride, columns) >> kx & 1)) continue
        add4(to, v128.load(sumWeights + (<usize>t << 4)))
        for (let u = 0; u < 9; ++u) {
          add4(
            to + (<usize>(1 + (u / 3 - ky + 2) * 5 + u % 3 - kx + 2) << 4),
            v128.load(productWeights + (<usize>(t * 9 + u) << 4)),
          )
        }
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function pixel5(p: usize, pitch: usize, k: usize): v128 {
  let s = v128.load(k)
  for (let y = 5; y > 0; --y) {
    s = fma(v128.load(p), v128.load(k, 16), s)
    s = fma(v128.load(p, 16), v128.load(k, 32), s)
    s = fma(v128.load(p, 32), v128.load(k, 48), s)
    s = fma(v128.load(p, 48), v128.load(k, 64), s)
    s = fma(v128.load(p, 64), v128.load(k, 80), s)
    k += 80
    p += pitch
  }
  return s
}

/** One row of dx; `p`: 2 rows and columns before its first pixel. Tile: 4 pixels. */
function backRow(p: usize, pitch: usize, kernels: usize, w: i32, out: usize): void {
  const size: usize = 26 << 4
  v128.store(out, pixel5(p, pitch, kernels + (w == 1 ? 3 : 1) * size))
  let x = 1
  for (; x + 4 < w; x += 4) {
    let s0 = v128.load(kernels), s1 = s0, s2 = s0, s3 = s0
    let k = kernels
    let q = p + (<usize>x << 4)
    for (let y = 5; y > 0; --y) {
      const k0 = v128.load(k, 16), k1 = v128.load(k, 32), k2 = v128.load(k, 48), k3 = v128.load(k, 64), k4 = v128.load(k, 80)
      let v = v128.load(q)
      s0 = fma(v, k0, s0)
      v = v128.load(q, 16); s0 = fma(v, k1, s0); s1 = fma(v, k0, s1)
      v = v128.load(q, 32); s0 = fma(v, k2, s0); s1 = fma(v, k1, s1); s2 = fma(v, k0, s2)
      v = v128.load(q, 48); s0 = fma(v, k3, s0); s1 = fma(v, k2, s1); s2 = fma(v, k1, s2); s3 = fma(v, k0, s3)
      v = v128.load(q, 64); s0 = fma(v, k4, s0); s1 = fma(v, k3, s1); s2 = fma(v, k2, s2); s3 = fma(v, k1, s3)
      v = v128.load(q, 80); s1 = fma(v, k4, s1); s2 = fma(v, k3, s2); s3 = fma(v, k2, s3)
      v = v128.load(q, 96); s2 = fma(v, k4, s2); s3 = fma(v, k3, s3)
      v = v128.load(q, 112); s3 = fma(v, k4, s3)
      k += 80
      q += pitch
    }
    const to = out + (<usize>x << 4)
    v128.store(to, s0); v128.store(to, s1, 16); v128.store(to, s2, 32); v128.store(to, s3, 48)
  }
  for (; x + 1 < w; ++x) v128.store(out + (<usize>x << 4), pixel5(p + (<usize>x << 4), pitch, kernels))
  if (w > 1) v128.store(out + (<usize>(w - 1) << 4), pixel5(p + (<usize>(w - 1) << 4), pitch, kernels + 2 * size))
}

/** dx of one plane padded by 2. */
function backPlane(plane: usize, pitch: usize, kernels: usize, h: i32, w: i32, out: usize): void {
  const size: usize = 4 * 26 << 4
  for (let y = 0; y < h; ++y) {
    const rows = (y == 0 ? 1 : 0) | (y == h - 1 ? 2 : 0)
    backRow(plane, pitch, kernels + <usize>rows * size, w, out)
    plane += pitch
    out += <usize>tiledWidth(w) << 4
  }
}

/** Every second pixel of a row: `count` of them from `p` (the first tap's) on, C taps wide and R high. Tile: 4 pixels. */
// @ts-ignore: decorator
@inline
function places(C: i32, R: i32, p: usize, pitch: usize, kernel: usize, out: usize, count: i32): void {
  for (; count > 0; count -= 4) {
    let s0 = v128.load(kernel), s1 = s0, s2 = s0, s3 = s0
    let k = kernel + (C == 5 ? 16 : 32) + (R == 5 ? 0 : 80)
    let q = p
    for (let y = R; y > 0; --y) {
      let w = v128.load(k)
      s0 = fma(v128.load(q), w, s0); s1 = fma(v128.load(q, 32), w, s1)
      s2 = fma(v128.load(q, 64), w, s2); s3 = fma(v128.load(q, 96), w, s3)
      w = v128.load(k, 16)
      s0 = fma(v128.load(q, 16), w, s0); s1 = fma(v128.load(q, 48), w, s1)
      s2 = fma(v128.load(q, 80), w, s2); s3 = fma(v128.load(q, 112), w, s3)
      w = v128.load(k, 32)
      s0 = fma(v128.load(q, 32), w, s0); s1 = fma(v128.load(q, 64), w, s1)
      s2 = fma(v128.load(q, 96), w, s2); s3 = fma(v128.load(q, 128), w, s3)
      if (C == 5) {
        w = v128.load(k, 48)
        s0 = fma(v128.load(q, 48), w, s0); s1 = fma(v128.load(q, 80), w, s1)
        s2 = fma(v128.load(q, 112), w, s2); s3 = fma(v128.load(q, 144), w, s3)
        w = v128.load(k, 64)
        s0 = fma(v128.load(q, 64), w, s0); s1 = fma(v128.load(q, 96), w, s1)
        s2 = fma(v128.load(q, 128), w, s2); s3 = fma(v128.load(q, 160), w, s3)
      }
      k += 80
      q += pitch
    }
    v128.store(out, s0)
    if (count > 1) v128.store(out, s1, 32)
    if (count > 2) v128.store(out, s2, 64)
    if (count > 3) v128.store(out, s3, 96)
    p += 128
    out += 128
  }
}

function places3x3(p: usize, pitch: usize, kernel: usize, out: usize, count: i32): void {
  places(3, 3, p, pitch, kernel, out, count)
}
function places3x5(p: usize, pitch: usize, kernel: usize, out: usize, count: i32): void {
  places(3, 5, p, pitch, kernel, out, count)
}
function places5x3(p: usize, pitch: usize, kernel: usize, out: usize, count: i32): void {
  places(5, 3, p, pitch, kernel, out, count)
}
function places5x5(p: usize, pitch: usize, kernel: usize, out: usize, count: i32): void {
  places(5, 5, p, pitch, kernel, out, count)
}

/** dx of one plane padded by 2, stride 2: even pixels lie under the middle tap alone, odd ones under the two others. */
function backPlane2(plane: usize, pitch: usize, kernels: usize, h: i32, w: i32, out: usize): void {
  const size: usize = 26 << 4
  const lastOdd = w % 2 == 0
  const odd = w / 2 - (lastOdd ? 1 : 0)
  const even = (w + 1) / 2
  for (let y = 0; y < h; ++y) {
    const place = y % 2 == 0 ? 0 : y == h - 1 ? 2 : 1
    const kernel = kernels + <usize>(place * 4) * size
    const last = <usize>(w - 1) << 4
    if (place == 0) {
      places3x3(plane + pitch + 16, pitch, kernel, out, even)
      places5x3(plane + pitch + 16, pitch, kernel + size, out + 16, odd)
      if (lastOdd) places5x3(plane + pitch + last, pitch, kernel + 2 * size, out + last, 1)
    } else {
      places3x5(plane + 16, pitch, kernel, out, even)
      places5x5(plane + 16, pitch, kernel + size, out + 16, odd)
      if (lastOdd) places5x5(plane + last, pitch, kernel + 2 * size, out + last, 1)
    }
    plane += pitch
    out += <usize>tiledWidth(w) << 4
  }
}
