/** Writes the AssemblyScript of the tiles of the int8 matrix product: everything unrolled that the engine must not loop over. */

const HEAD = `/**
 * Levels (0 to 127) times int8 weights, in exact sums and scaled, in tiles of H pixels x 8 output channels, 128-bit SIMD. Written by
 * scripts/gemm-tile-int8.mjs.
 *
 * A block is CHANNELS input channels: 16 bytes of a pixel, 16 bytes from pixel to pixel, \`plane\` bytes from block to block; and 128
 * bytes of a panel behind its \`head\`, for each 4 bytes of a pixel the weights of 8 outputs that go with them, 4 bytes an output. Results are f32,
 * at \`c\` for 8 outputs of a pixel after the other; \`own\` are the levels of the panel's channels, or 0. The last of a row of tiles may cover pixels
 * of the one before: it writes the same there.
 */
`

const fours = [0, 1, 2, 3]

/**
 * What adds the product of the weights `w` of 4 outputs and 4 bytes of a pixel, `x`, to a sum `p`; or, `block`, those of four such pairs. Chosen in
 * src/choose.ts.
 *
 * No kernel may need more vectors than an engine has registers for, 15 in V8. What V8 spills it does not align, so where the stack happens
 * to put such a vector across two pages, a kernel takes up to three times as long, for as long as its callers stay where they are. V8 keeps what
 * is loaded twice, so loading the weights anew for each pixel does not help.
 *
 * Two products in an i16 lane are widened by `extadd_pairwise`: V8 14 makes the ones of a product with ones anew wherever they stand.
 */
const kernels = {
  /** Two products in an i16 lane, for any weights; by turns, as what is unrolled is no faster. */
  RDOT16: {
    height: 5,
    inTurn: true,
    four: (p, w, x) => `i32x4.add(${p}, ${widened(product(w, x))})`,
  },
  /** Eight products in an i16 lane, where core's `largestLane` of the weights is within its limit; one half of the outputs, then the other. */
  RDOT16X4: {
    height: 7,
    block: (p, w, x) => {
      const [a, b, c, d] = fours.map((at) => product(w(at), x(at)))
      return `i32x4.add(${p}, ${widened(`i16x8.add(i16x8.add(${a}, ${b}), i16x8.add(${c}, ${d}))`)})`
    },
  },
  /** One instruction on Arm with dot product and on x64 with AVX-VNNI. */
  RELAXED_DOT_ADD: {
    height: 5,
    four: (p, w, x) => `v128.relaxed_dot_add<i32>(${w}, ${x}, ${p})`,
  },
  /** Levels and weights in i16. */
  DOT_I16: {
    height: 5,
    four: (p, w, x) => `i32x4.add(${p}, i32x4.dot_i16x8_s(${w}, ${x}))`,
  },
}

const PARAMETERS = 'a: usize, plane: usize, head: usize, blocks: i32, c: usize, own: usize, floor: f32'

/**
 * The module `assembly/generated/gemm-tile-int8.ts`.
 * @param {{ names: readonly (keyof typeof kernels)[], channels: number }} tile `channels`: input channels in 16 bytes.
 */
export function gemmTileInt8({ names, channels }) {
  const lines = [
    HEAD.replace('CHANNELS', channels),
    `import { ${[...names, 'PANEL_HEAD'].join(', ')} } from '../../src/abi'`,
    "import { ownLevels, ownPart, ownPart0, ownPart1, scaled } from '../scale-int8'",
    "import { atLeast } from '../simd'",
    '',
    ...names.flatMap((name) => [...strip(name, kernels[name].height), '', ...row(name, camel(names[0])), '']),
    // Each kernel gives the same bits, so one serves where there are fewer pixels than a tile has.
    ...strip(names[0], 1),
    '',
    '/** The results of `pixels` pixels and one panel. */',
    ...block(
      `export function product(kernel: i32, ${PARAMETERS}, pixels: i32): void`,
      block('switch (kernel)', [
        ...names.map(
          (name) => `case ${name}: ${camel(name)}(a, plane, head, blocks, c, own, floor, pixels); break`,
        ),
        'default: unreachable()',
      ]),
    ),
  ]
  return `${lines.join('\n')}\n`
}

/** Tiles of one height, one after the other. */
function strip(name, height) {
  const { inTurn, four } = kernels[name]
  if (!four) return halves(name, height)
  const pixels = count(height)
  const group = (at) => [
    `const w0 = ${weights(at)}, w1 = ${weights(at, 16)}`,
    ...pixels.map(
      (i) =>
        `x = ${levels(i, at)}; p${i}0 = ${four(`p${i}0`, 'w0', 'x')}; p${i}1 = ${four(`p${i}1`, 'w1', 'x')}`,
    ),
  ]
  const body =
    inTurn || height === 1
      ? [...block('for (let m = 4; m > 0; --m)', [...group(0), 'w += 32', 'p += 4']), 'p += plane - 16']
      : [...fours.flatMap((at) => block('', group(at))), 'w += 128', 'p += plane']
  const both = (line) => pixels.flatMap((i) => [0, 1].map((h) => line(i, h)))
  return tiles(name, height, [
    'let x: v128, p = a, w = head + PANEL_HEAD',
    `let ${both((i, h) => `p${i}${h} = i32x4.splat(0)`).join(', ')}`,
    ...block('for (let n = blocks; n > 0; --n)', body),
    'const scale0 = v128.load(head), scale1 = v128.load(head, 16), bias0 = v128.load(head, 32), bias1 = v128.load(head, 48)',
    ...both((i, h) => `p${i}${h} = scaled(p${i}${h}, scale${h}, bias${h})`),
    ...block('if (own)', [
      'const diagonal0 = v128.load(head, 64), diagonal1 = v128.load(head, 80)',
      ...pixels.flatMap((i) => [
        `x = ownLevels(own + ${16 * i})`,
        ...[0, 1].map((h) => `p${i}${h} = f32x4.add(p${i}${h}, ownPart${h}(x, diagonal${h}))`),
      ]),
    ]),
    ...both((i, h) => `v128.store(c, atLeast(p${i}${h}, low), ${32 * i + 16 * h})`),
  ])
}

/** The same for 4 outputs of a panel, then for the other 4: half as many sums leave registers for the weights of a whole block. */
function halves(name, height) {
  const pixels = count(height)
  return tiles(
    name,
    height,
    block('for (let half: usize = 0; half < 32; half += 16)', [
      'let p = a, w = head + PANEL_HEAD + half',
      `let ${pixels.map((i) => `p${i} = i32x4.splat(0)`).join(', ')}`,
      ...block('for (let n = blocks; n > 0; --n)', [
        `const ${fours.map((at) => `w${at} = ${weights(at)}`).join(', ')}`,
        ...pixels.map(
          (i) =>
            `p${i} = ${kernels[name].block(
              `p${i}`,
              (at) => `w${at}`,
              (at) => levels(i, at),
            )}`,
        ),
        'w += 128',
        'p += plane',
      ]),
      'const scale = v128.load(head + half), bias = v128.load(head + half, 32)',
      ...pixels.map((i) => `p${i} = scaled(p${i}, scale, bias)`),
      ...block('if (own)', [
        'const from = own + (half >> 2), diagonal = v128.load(head + half, 64)',
        ...pixels.map((i) => `p${i} = f32x4.add(p${i}, ownPart(from + ${16 * i}, diagonal))`),
      ]),
      'const to = c + half',
      ...pixels.map((i) => `v128.store(to, atLeast(p${i}, low), ${32 * i})`),
    ]),
  )
}

function tiles(name, height, body) {
  return block(`function ${camel(name)}${height}(${PARAMETERS}, tiles: i32): void`, [
    'const low = f32x4.splat(floor)',
    ...block('for (; tiles > 0; --tiles)', [
      ...body,
      `a += ${16 * height}`,
      `c += ${32 * height}`,
      `if (own) own += ${16 * height}`,
    ]),
  ])
}

function row(name, single) {
  const { height } = kernels[name]
  const tile = camel(name)
  return block(`function ${tile}(${PARAMETERS}, pixels: i32): void`, [
    ...block(`if (pixels < ${height})`, [
      `${single}1(a, plane, head, blocks, c, own, floor, pixels)`,
      'return',
    ]),
    `${tile}${height}(a, plane, head, blocks, c, own, floor, pixels / ${height})`,
    `if (pixels % ${height} == 0) return`,
    `const last = <usize>(pixels - ${height}) << 4`,
    `${tile}${height}(a + last, plane, head, blocks, c + (last << 1), own ? own + last : 0, floor, 1)`,
  ])
}

/** The weights of 4 outputs, `half` bytes into a panel, that go with bytes 4 at to 4 at + 3 of a pixel. */
function weights(at, half = 0) {
  return `v128.load(w, ${32 * at + half})`
}

/** Bytes 4 at to 4 at + 3 of a pixel, for each of 4 outputs. */
function levels(pixel, at) {
  return `v128.load32_splat(p, ${16 * pixel + 4 * at})`
}

function product(w, x) {
  return `v128.relaxed_dot<i16>(${w}, ${x})`
}

function widened(lanes) {
  return `i32x4.extadd_pairwise_i16x8_s(${lanes})`
}

function camel(name) {
  return name.toLowerCase().replace(/_(.)/g, (_, letter) => letter.toUpperCase())
}

/** `lines` indented between braces. */
function block(head, lines) {
  return [`${head} {`, ...lines.map((line) => `  ${line}`), '}']
}

function count(length) {
  return Array.from({ length }, (_, index) => index)
}
