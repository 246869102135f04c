/**
 * Panels: 8 or 4 neighbouring columns of a row-major f32 matrix, row after row, zeros where the matrix ends. `ceil(n / 8)`
 * panels of `rows * 32` bytes, `ceil(n / 6)` of `rows * 16`.
 */

// @ts-expect-error: decorator
@inline
export function panels8(n: i32): i32 {
  return (n + 7) >> 3
}

// @ts-expect-error: decorator
@inline
export function panels4(n: i32): i32 {
  return (n + 3) / 4
}

/** Columns of `m`, [rows, n] with `step` bytes a row. */
export function pack8(m: usize, step: usize, rows: i32, n: i32, to: usize): void {
  const size = <usize>rows << 5
  for (let r = rows; r > 0; --r) {
    let p = m, q = to
    let i = n
    for (; i >= 8; i -= 8) {
      v128.store(q, v128.load(p)); v128.store(q, v128.load(p, 16), 16)
      p += 32
      q += size
    }
    if (i > 0) {
      for (let j = 0; j < 8; ++j) {
        store<f32>(q, j < i ? load<f32>(p) : 0)
        p += 4
        q += 4
      }
    }
    m += step
    to += 32
  }
}

export function pack4(m: usize, step: usize, rows: i32, n: i32, to: usize): void {
  const size = <usize>rows * 16
  for (let r = rows; r > 0; --r) {
    let p = m, q = to
    let i = n
    for (; i >= 4; i -= 4) {
      v128.store(q, v128.load(p))
      p += 16
      q += size
    }
    if (i > 0) {
      for (let j = 0; j < 4; ++j) {
        store<f32>(q, j < i ? load<f32>(p) : 0)
        p += 4
        q += 4
      }
    }
    m += step
    to += 16
  }
}

/** Panels of 8 columns of the transpose of `m` [n, k]: [k][8] each. */
export function packTransposed(m: usize, k: i32, n: i32, to: usize): void {
  for (let j = 0; j < n; j += 8) {
    const width = min(8, n - j)
    for (let i = 0; i < k; ++i) {
      for (let l = 0; l < 8; ++l) {
        store<f32>(to, l < width ? load<f32>(m + (<usize>((j + l) * k + i) << 2)) : 0)
        to += 4
      }
    }
  }
}

/** Panels of 8 columns of d + d^T, d [n, n]. */
export function packSymmetric(d: usize, n: i32, to: usize): void {
  for (let j = 0; j < n; j += 8) {
    const width = min(8, n - j)
    for (let i = 0; i < n; ++i) {
      for (let l = 0; l < 8; ++l) {
        store<f32>(
          to,
          l < width ? load<f32>(d + (<usize>((j + l) * n + i) << 2)) + load<f32>(d + (<usize>(i * n + j + l) << 2)) : 0,
        )
        to += 4
      }
    }
  }
}

/** `n` floats, then zeros up to a multiple of 8; all zeros where `from` is 0. */
export function pad8(from: usize, n: i32, to: usize): void {
  const bytes = <usize>n << 2
  memory.fill(to, 0, <usize>panels8(n) << 5)
  if (from) memory.copy(to, from, bytes)
}

/** Tiles of 4 x 8 (`tiles[column / 8][row / 6]`) into `m` [rows, n]. */
export function unpackTiles(tiles: usize, rows: i32, n: i32, m: usize): void {
  const high = panels4(rows)
  for (let r = 0; r < rows; ++r) {
    const row = tiles + <usize>(r / 4) * 128 + (<usize>(r % 4) << 5)
    for (let c = 0; c < n; c += 8) {
      const from = row + <usize>((c >> 3) * high) * 128
      const width = min(8, n - c)
      if (width == 8) {
        v128.store(m, v128.load(from)); v128.store(m, v128.load(from, 16), 16)
        m += 32
      } else {
        for (let l = 0; l < width; ++l) {
          store<f32>(m, load<f32>(from + (<usize>l << 2)))
          m += 4
        }
      }
    }
  }
}
