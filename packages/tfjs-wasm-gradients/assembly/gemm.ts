/**
 * Row-major f32 matrix times packed panels. A block of rows stays in the level-2 cache while the panels pass over it,
 * K_BLOCK rows of a panel stay in the level-1 cache while the tiles pass over them.
 */
import { panels8 } from './pack'
import { ACCUMULATE, RELU, strip1, strip4 } from './tile'

const K_BLOCK: i32 = 512
const BLOCK_BYTES: i32 = 262144

/** Rows of `rows` a block takes: a multiple of 4, `bytes` a row. */
export function blockRows(bytes: i32, low: i32, high: i32): i32 {
  return max(low, min(high, (BLOCK_BYTES / bytes / 4) * 4))
}

/**
 * y [rows, n] = a [rows, k] times panels, plus bias (padded to a multiple of 8), then ReLU where `relu`; `edge`: 128 bytes
 * of scratch.
 */
export function gemm(
  a: usize,
  rows: i32,
  k: i32,
  panels: usize,
  bias: usize,
  y: usize,
  n: i32,
  relu: i32,
  edge: usize,
): void {
  const aStep = (<usize>k) << 2
  const yStep = (<usize>n) << 2
  const panelBytes = (<usize>k) << 5
  const count = panels8(n)
  const last = relu ? RELU : 0
  const block = blockRows(k << 2, 48, 768)
  for (let r = 0; r < rows; r += block) {
    const height = min(block, rows - r)
    const tiles = height / 4
    const rest = height - tiles * 4
    const a0 = a + <usize>r * aStep
    const y0 = y + <usize>r * yStep
    const aRest = a0 + <usize>(tiles * 4) * aStep
    let panel = panels
    for (let j = 0; j < count; ++j) {
      const b = bias + ((<usize>j) << 5)
      const c = y0 + ((<usize>j) << 5)
      const width = n - (j << 3)
      if (width >= 8) {
        let flags = 0
        for (let k0 = 0; k0 < k; k0 += K_BLOCK) {
          const depth = min(K_BLOCK, k - k0)
          if (k0 + depth == k) flags |= last
          strip4(a0 + ((<usize>k0) << 2), aStep, panel + ((<usize>k0) << 5), b, depth, c, yStep, flags, tiles)
          flags |= ACCUMULATE
        }
        strip1(aRest, aStep, panel, b, k, c + <usize>(tiles * 4) * yStep, yStep, last, rest)
      } else {
        for (let i = 0; i < height; i += 4) {
          const high = min(4, height - i)
          const at = a0 + <usize>i * aStep
          if (high == 4) strip4(at, aStep, panel, b, k, edge, 32, last, 1)
          else strip1(at, aStep, panel, b, k, edge, 32, last, high)
          let to = c + <usize>i * yStep
          for (let l = 0; l < high; ++l) {
            memory.copy(to, edge + ((<usize>l) << 5), (<usize>width) << 2)
            to += yStep
          }
        }
      }
      panel += panelBytes
    }
  }
}
