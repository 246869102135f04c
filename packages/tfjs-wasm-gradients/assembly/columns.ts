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

/** out [2, n]: sums, sums of squares. */
export function sums(x: usize, rows: i32, n: i32, out: usize): void {
  const step = (<usize>n) << 2
  const square = out + step
  memory.fill(out, 0, step << 1)
  for (; rows > 0; rows -= BLOCK) {
    const height = min(BLOCK, rows)
    let c = 0
    for (; c + 16 <= n; c += 16) {
      const at = (<usize>c) << 2
      let p = x + at
      let s0 = f32x4.splat(0),
        s1 = s0,
        s2 = s0,
        s3 = s0,
        q0 = s0,
        q1 = s0,
        q2 = s0,
        q3 = s0
      for (let r = height; r > 0; --r) {
        const v0 = v128.load(p),
          v1 = v128.load(p, 16),
          v2 = v128.load(p, 32),
          v3 = v128.load(p, 48)
        s0 = f32x4.add(s0, v0)
        s1 = f32x4.add(s1, v1)
        s2 = f32x4.add(s2, v2)
        s3 = f32x4.add(s3, v3)
        q0 = fma(v0, v0, q0)
        q1 = fma(v1, v1, q1)
        q2 = fma(v2, v2, q2)
        q3 = fma(v3, v3, q3)
        p += step
      }
      add4(out + at, s0)
      add4(out + at + 16, s1)
      add4(out + at + 32, s2)
      add4(out + at + 48, s3)
      add4(square + at, q0)
      add4(square + at + 16, q1)
      add4(square + at + 32, q2)
      add4(square + at + 48, q3)
    }
    for (; c + 4 <= n; c += 4) {
      const at = (<usize>c) << 2
      let p = x + at
      let s = f32x4.splat(0),
        q = s
      for (let r = height; r > 0; --r) {
        const v = v128.load(p)
        s = f32x4.add(s, v)
        q = fma(v, v, q)
        p += step
      }
      add4(out + at, s)
      add4(square + at, q)
    }
    for (; c < n; ++c) {
      const at = (<usize>c) << 2
      let p = x + at
      let s: f32 = 0,
        q: f32 = 0
      for (let r = height; r > 0; --r) {
        const v = load<f32>(p)
        s += v
        q += v * v
        p += step
      }
      store<f32>(out + at, load<f32>(out + at) + s)
      store<f32>(square + at, load<f32>(square + at) + q)
    }
    x += <usize>height * step
  }
}

/** dx [rows, n] = d[0] + 2 x d[1], d [2, n]. */
export function sumsBackward(x: usize, d: usize, dx: usize, rows: i32, n: i32): void {
  const dq = d + ((<usize>n) << 2)
  for (; rows > 0; --rows) {
    let c: usize = 0
    let i = n
    for (; i >= 4; i -= 4) {
      const q = v128.load(dq + c)
      v128.store(dx, fma(f32x4.add(q, q), v128.load(x), v128.load(d + c)))
      x += 16
      dx += 16
      c += 16
    }
    for (; i > 0; --i) {
      store<f32>(dx, load<f32>(d + c) + 2 * load<f32>(dq + c) * load<f32>(x))
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
