/**
 * Sums over the rows of a row-major f32 matrix [rows, n], 16 columns at a time. Sums of BLOCK rows are added to the totals,
 * so that the error grows with rows / BLOCK.
 */
import { add4, fma, masked, masked4 } from './simd'

const BLOCK: i32 = 256

/** `sum` [n] += the columns' sums. */
export function addSums(x: usize, rows: i32, n: i32, sum: usize): void {
  const step = (<usize>n) << 2
  for (; rows > 0; rows -= BLOCK) {
    const height = min(BLOCK, rows)
    let c = 0
    for (; c + 16 <= n; c += 16) {
      const at = (<usize>c) << 2
      let p = x + at
      let s0 = f32x4.splat(0),
        s1 = s0,
        s2 = s0,
        s3 = s0
      for (let r = height; r > 0; --r) {
        s0 = f32x4.add(s0, v128.load(p))
        s1 = f32x4.add(s1, v128.load(p, 16))
        s2 = f32x4.add(s2, v128.load(p, 32))
        s3 = f32x4.add(s3, v128.load(p, 48))
        p += step
      }
      add4(sum + at, s0)
      add4(sum + at + 16, s1)
      add4(sum + at + 32, s2)
      add4(sum + at + 48, s3)
    }
    for (; c + 4 <= n; c += 4) {
      const at = (<usize>c) << 2
      let p = x + at
      let s0 = f32x4.splat(0)
      for (let r = height; r > 0; --r) {
        s0 = f32x4.add(s0, v128.load(p))
        p += step
      }
      add4(sum + at, s0)
    }
    for (; c < n; ++c) {
      const at = (<usize>c) << 2
      let p = x + at
      let s: f32 = 0
      for (let r = height; r > 0; --r) {
        s += load<f32>(p)
        p += step
      }
      store<f32>(sum + at, load<f32>(sum + at) + s)
    }
    x += <usize>height * step
  }
}

/** Rows that {@link sampleMean} looks at: the mean of so many is within an eighth of a deviation or so. */
export const SAMPLE: i32 = 64

/** `mean` [n]: near the columns' means, of a few rows spread over all. */
export function sampleMean(x: usize, rows: i32, n: i32, mean: usize): void {
  const count = min(rows, SAMPLE)
  memory.fill(mean, 0, <usize>n << 2)
  for (let k = 0; k < count; ++k) {
    addSums(x + (<usize>(<i64>k * <i64>rows / <i64>count) * <usize>n << 2), 1, n, mean)
  }
  for (let c = 0; c < n; ++c) {
    const at = mean + (<usize>c << 2)
    store<f32>(at, load<f32>(at) / <f32>count)
  }
}

/** to [rows, n] = x - shift [n]. */
export function subtract(x: usize, shift: usize, rows: i32, n: i32, to: usize): void {
  for (; rows > 0; --rows) {
    let s = shift
    let c = n
    for (; c >= 4; c -= 4) {
      v128.store(to, f32x4.sub(v128.load(x), v128.load(s)))
      x += 16
      s += 16
      to += 16
    }
    for (; c > 0; --c) {
      store<f32>(to, load<f32>(x) - load<f32>(s))
      x += 4
      s += 4
      to += 4
    }
  }
}

/** Bytes of scratch {@link moments} and {@link momentsBackward} need. */
export function momentsScratch(n: i32): usize {
  return <usize>n << 3
}

/** out [2, n]: means and variances of the columns of x [rows, n], of values less a shift near the mean. */
export function moments(x: usize, rows: i32, n: i32, out: usize, scratch: usize): void {
  const step = <usize>n << 2
  const square = out + step
  const total = rows
  sampleMean(x, rows, n, scratch)
  memory.fill(out, 0, step << 1)
  for (; rows > 0; rows -= BLOCK) {
    const height = min(BLOCK, rows)
    let c = 0
    for (; c + 8 <= n; c += 8) {
      const at = <usize>c << 2
      const m0 = v128.load(scratch + at), m1 = v128.load(scratch + at, 16)
      let p = x + at
      let s0 = f32x4.splat(0), s1 = s0, q0 = s0, q1 = s0
      for (let r = height; r > 0; --r) {
        const v0 = f32x4.sub(v128.load(p), m0), v1 = f32x4.sub(v128.load(p, 16), m1)
        s0 = f32x4.add(s0, v0)
        s1 = f32x4.add(s1, v1)
        q0 = fma(v0, v0, q0)
        q1 = fma(v1, v1, q1)
        p += step
      }
      add4(out + at, s0)
      add4(out + at + 16, s1)
      add4(square + at, q0)
      add4(square + at + 16, q1)
    }
    for (; c < n; ++c) {
      const at = <usize>c << 2
      const mean = load<f32>(scratch + at)
      let p = x + at
      let s: f32 = 0, q: f32 = 0
      for (let r = height; r > 0; --r) {
        const v = load<f32>(p) - mean
        s += v
        q += v * v
        p += step
      }
      store<f32>(out + at, load<f32>(out + at) + s)
      store<f32>(square + at, load<f32>(square + at) + q)
    }
    x += <usize>height * step
  }
  const scale = 1 / <f64>total
  for (let c = 0; c < n; ++c) {
    const at = <usize>c << 2
    const own = <f64>load<f32>(out + at) * scale
    store<f32>(out + at, <f32>(<f64>load<f32>(scratch + at) + own))
    store<f32>(square + at, <f32>max(0, <f64>load<f32>(square + at) * scale - own * own))
  }
}

/** dx [rows, n] = (d[0] + 2 (x - mean) d[1]) / rows, d [2, n], mean [n]. */
export function momentsBackward(
  x: usize, mean: usize, d: usize, dx: usize, rows: i32, n: i32, scratch: usize,
): void {
  const slopes = scratch + (<usize>n << 2)
  const scale = 1 / <f64>rows
  for (let c = 0; c < n; ++c) {
    const at = <usize>c << 2
    const slope = <f32>(2 * <f64>load<f32>(d + (<usize>n << 2) + at) * scale)
    store<f32>(slopes + at, slope)
    store<f32>(scratch + at, <f32>(<f64>load<f32>(d + at) * scale - <f64>slope * <f64>load<f32>(mean + at)))
  }
  for (; rows > 0; --rows) {
    let c: usize = 0
    let i = n
    for (; i >= 4; i -= 4) {
      v128.store(dx, fma(v128.load(slopes + c), v128.load(x), v128.load(scratch + c)))
      x += 16
      dx += 16
      c += 16
    }
    for (; i > 0; --i) {
      store<f32>(dx, load<f32>(scratch + c) + load<f32>(slopes + c) * load<f32>(x))
      x += 4
      dx += 4
      c += 4
    }
  }
}

/** dz = dy where y > 0, else 0; `size` floats. */
export function maskByRelu(dy: usize, y: usize, dz: usize, size: usize): void {
  for (; size >= 4; size -= 4) {
    v128.store(dz, masked4(v128.load(dy), v128.load(y)))
    dy += 16
    y += 16
    dz += 16
  }
  for (; size > 0; --size) {
    store<f32>(dz, masked(load<f32>(dy), load<f32>(y)))
    dy += 4
    y += 4
    dz += 4
  }
}
