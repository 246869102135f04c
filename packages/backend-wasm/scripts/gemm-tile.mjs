/** Writes the AssemblyScript of the tile of the f32 matrix product: everything unrolled that the engine must not loop over. */

const HEAD = `/**
 * f32 matrix product, tile of H pixels x 8 output channels, H = 1..HEIGHT, 128-bit SIMD. Written by scripts/gemm-tile.mjs.
 *
 * Registers: 2H accumulators, 2 weight vectors, 1 splat of the input, and without a fused multiply-add 1 product: V8 can
 * allocate 15 on x64, H = 6 with it.
 * Memory: 8 input channels of the H pixels lie 32 bytes apart, so one pointer with constant offsets reads all of them
 * (load32_splat); \`plane\` bytes further come the next 8 channels. \`panel\` is packed, 32 bytes per k. The result is
 * H x 32 contiguous bytes. UNROLL of the 8 channels are unrolled from H = RARE on; a last group of fewer channels reads no further
 * than it must.
 */
import { atLeast, fma } from '../simd'

export const APPLY_RELU: i32 = 1
/** Take the sums from \`c\` instead of the bias: a further part of the reduction. */
export const ACCUMULATE: i32 = 2
/** With APPLY_RELU: relu6. */
export const APPLY_SIX: i32 = 4
`

/** Bytes of one pixel's 8 channels, and of one row of a panel. */
const ROW = 32

const PARAMETERS =
  'a: usize, plane: usize, panel: usize, bias: usize, k: i32, c: usize, flags: i32, tiles: i32'

/**
 * The module `assembly/generated/gemm-tile-f32.ts`.
 * @param {{ height: number, unroll: number, rare?: number, addressed?: boolean }} tile `height`: pixels of the tallest tile. `unroll`: input
 * channels that are unrolled, a divisor of 8. `rare`: tiles lower than this are the last of few pixels, and not unrolled, for the bytes.
 * `addressed`: whether an input is read at a sum instead of at a constant distance: JavaScriptCore makes one instruction of a load32_splat
 * that has no offset, and three of any other.
 */
export function gemmTile({ height, unroll, rare = 4, addressed = false }) {
  if (8 % unroll !== 0) throw new Error(`a tile unrolls 1, 2, 4 or 8 channels, not ${unroll}`)
  const heights = count(height).map((index) => index + 1)
  const lines = [
    HEAD.replace('HEIGHT', height).replace('UNROLL', unroll).replace('RARE', rare),
    '/** Pixels of the tallest tile. */',
    `export const TILE_HEIGHT: i32 = ${height}`,
    '',
    ...heights.flatMap((pixels) => [...strip(pixels, pixels < rare ? 1 : unroll, addressed), '']),
    '/** `tiles` tiles of `h` pixels each, one after the other. */',
    ...block(
      `export function strips(h: i32, ${PARAMETERS}): void`,
      block('switch (h)', [
        ...heights.map((h) => `case ${h}: strip${h}(a, plane, panel, bias, k, c, flags, tiles); break`),
        'default: unreachable()',
      ]),
    ),
  ]
  return `${lines.join('\n')}\n`
}

/** The function for one tile height: the sums of pixel i are `p<i>0` and `p<i>1`. */
function strip(height, unroll, addressed) {
  const pixels = count(height)
  /** Add the products of one input channel, counted from the pointers. */
  const channel = (index) => [
    `w0 = ${load('w', ROW * index)}; w1 = ${load('w', ROW * index + 16)}`,
    ...pixels.map(
      (i) =>
        `x = ${splat(ROW * i + 4 * index, addressed)}; ` +
        `p${i}0 = fma(x, w0, p${i}0); p${i}1 = fma(x, w1, p${i}1)`,
    ),
  ]
  const channels = (length) => [...count(length).flatMap(channel), `w += ${ROW * length}`]
  const eightChannels =
    unroll === 8
      ? [...channels(8), 'p += plane']
      : [
          ...block(`for (let m = ${8 / unroll}; m > 0; --m)`, [...channels(unroll), `p += ${4 * unroll}`]),
          `p += plane - ${ROW}`,
        ]

  return block(
    `function strip${height}(${PARAMETERS}): void`,
    block('for (; tiles > 0; --tiles)', [
      'let x: v128, w0: v128, w1: v128',
      'let p = a',
      'let w = panel',
      `let p00 = ${load('bias', 0)}, p01 = ${load('bias', 16)}`,
      ...pixels.slice(1).map((i) => `let p${i}0 = p00, p${i}1 = p01`),
      ...block(
        'if (flags & ACCUMULATE)',
        pixels.map((i) => `p${i}0 = ${load('c', ROW * i)}; p${i}1 = ${load('c', ROW * i + 16)}`),
      ),
      ...block('for (let n = k >> 3; n > 0; --n)', eightChannels),
      ...block('for (let n = k & 7; n > 0; --n)', [...channels(1), 'p += 4']),
      ...block('if (flags & APPLY_RELU)', [
        'const zero = f32x4.splat(0)',
        ...pixels.map((i) => `p${i}0 = atLeast(p${i}0, zero); p${i}1 = atLeast(p${i}1, zero)`),
      ]),
      ...block('if (flags & APPLY_SIX)', [
        'const six = f32x4.splat(6)',
        ...pixels.map((i) => `p${i}0 = f32x4.pmin(p${i}0, six); p${i}1 = f32x4.pmin(p${i}1, six)`),
      ]),
      ...pixels.map((i) => `v128.store(c, p${i}0, ${ROW * i}); v128.store(c, p${i}1, ${ROW * i + 16})`),
      `a += ${ROW * height}`,
      `c += ${ROW * height}`,
    ]),
  )
}

function splat(bytes, addressed) {
  return addressed ? `v128.load32_splat(p + ${bytes})` : load('p', bytes, 'load32_splat')
}

function load(pointer, bytes, instruction = 'load') {
  return `v128.${instruction}(${pointer}, ${bytes})`
}

/** `lines` indented between braces. */
function block(head, lines) {
  return [`${head} {`, ...lines.map((line) => `  ${line}`), '}']
}

function count(length) {
  return Array.from({ length }, (_, index) => index)
}
