/** Writes the AssemblyScript of the tile of the f32 matrix product: everything unrolled that the engine must not loop over. */

const HEAD = `/**
 * f32 matrix product, tile of H pixels x 8 output channels, H = 1..HEIGHT, 128-bit SIMD. Written by scripts/gemm-tile.mjs.
 *
 * Registers: 2H accumulators, 2 weight vectors, 1 splat of the input: 15 at H = 6, what V8 can allocate on x64.
 * Memory: 8 input channels of the H pixels lie 32 bytes apart, so one pointer with constant offsets reads all of them
 * (load32_splat); \`plane\` bytes further come the next 8 channels. \`panel\` is packed, 32 bytes per k. The result is
 * H x 32 contiguous bytes. UNROLL of the 8 channels are unrolled; a last group of fewer channels reads no further than it
 * must.
 */
import { atLeast, fma } from '../simd'

export const APPLY_RELU: i32 = 1
/** Take the sums from \`c\` instead of the bias: a further part of the reduction. */
export const ACCUMULATE: i32 = 2
`

/** Bytes of one pixel's 8 channels, and of one row of a panel. */
const ROW = 32

/**
 * The module `assembly/generated/gemm-tile-f32.ts`.
 * @param {{ height: number, unroll: number }} tile `height`: pixels of the tallest tile. `unroll`: input channels that are
 * unrolled, a divisor of 8.
 */
export function gemmTile({ height, unroll }) {
  if (8 % unroll !== 0) throw new Error(`a tile unrolls 1, 2, 4 or 8 channels, not ${unroll}`)
  const heights = count(height).map((index) => index + 1)
  return `${HEAD.replace('HEIGHT', height).replace('UNROLL', unroll)}
/** Pixels of the tallest tile. */
export const TILE_HEIGHT: i32 = ${height}

${heights.map((pixels) => strip(pixels, unroll)).join('\n')}
/** \`tiles\` tiles of \`h\` pixels each, one after the other. */
export function strips(h: i32, ${PARAMETERS}): void {
  switch (h) {
${heights.map((pixels) => `    case ${pixels}: strip${pixels}(a, plane, panel, bias, k, c, flags, tiles); break`).join('\n')}
    default: unreachable()
  }
}
`
}

const PARAMETERS =
  'a: usize, plane: usize, panel: usize, bias: usize, k: i32, c: usize, flags: i32, tiles: i32'

/** One tile height: the sums of pixel i are `p<i>0` and `p<i>1`. */
function strip(height, unroll) {
  const each = (line) =>
    count(height)
      .map((pixel) => `      ${line(pixel)}`)
      .join('\n')
  const at = (bytes) => (bytes === 0 ? '' : `, ${bytes}`)
  /** Add the products of input channel `channel`, counted from the pointers. */
  const step = (
    channel,
  ) => `      w0 = v128.load(w${at(ROW * channel)}); w1 = v128.load(w${at(ROW * channel + 16)})
${each((i) => `x = v128.load32_splat(p${at(ROW * i + 4 * channel)}); p${i}0 = fma(x, w0, p${i}0); p${i}1 = fma(x, w1, p${i}1)`)}`
  const steps = (channels) => `${count(channels).map(step).join('\n')}
      w += ${ROW * channels}`
  const group =
    unroll === 8
      ? `${steps(8)}
      p += plane`
      : `      for (let m = ${8 / unroll}; m > 0; --m) {
${steps(unroll)}
      p += ${4 * unroll}
      }
      p += plane - ${ROW}`

  return `function strip${height}(${PARAMETERS}): void {
  for (; tiles > 0; --tiles) {
    let x: v128, w0: v128, w1: v128
    let p = a
    let w = panel
    let p00 = v128.load(bias), p01 = v128.load(bias, 16)
${count(height)
  .slice(1)
  .map((i) => `    let p${i}0 = p00, p${i}1 = p01`)
  .join('\n')}
    if (flags & ACCUMULATE) {
${each((i) => `p${i}0 = v128.load(c${at(ROW * i)}); p${i}1 = v128.load(c${at(ROW * i + 16)})`)}
    }

    for (let n = k >> 3; n > 0; --n) {
${group}
    }
    for (let n = k & 7; n > 0; --n) {
${steps(1)}
      p += 4
    }

    if (flags & APPLY_RELU) {
      const zero = f32x4.splat(0)
${each((i) => `p${i}0 = atLeast(p${i}0, zero); p${i}1 = atLeast(p${i}1, zero)`)}
    }
${each((i) => `v128.store(c, p${i}0${at(ROW * i)}); v128.store(c, p${i}1${at(ROW * i + 16)})`)}
    a += ${ROW * height}
    c += ${ROW * height}
  }
}
`
}

function count(length) {
  return Array.from({ length }, (_, index) => index)
}
