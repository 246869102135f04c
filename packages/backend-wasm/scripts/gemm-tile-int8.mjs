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

/**
 * What adds the products of 4 bytes of pixel \`i\` with the 8 outputs of a panel, half of which \`w<h>\` holds, or, for \`pair\`, those of 8
 * bytes. Chosen in src/choose.ts.
 */
const kernels = {
  /** Two products in an i16 lane, widened by a product with ones: 3 instructions where there is no dot product of four. */
  RDOT16: {
    height: 5,
    sum: (i, h) => `i32x4.add(p${i}${h}, i32x4.dot_i16x8_s(v128.relaxed_dot<i16>(w${h}, x), one))`,
  },
  /** Four products in an i16 lane: weights k, k + 1, k + 4, k + 5 of each eight must not be more than 258 in sum. */
  RDOT16X2: {
    height: 4,
    pair: true,
    sum: (i, h) =>
      `i32x4.add(p${i}${h}, i32x4.dot_i16x8_s(i16x8.add(v128.relaxed_dot<i16>(w${h}, x), v128.relaxed_dot<i16>(w${h + 2}, y)), one))`,
  },
  /** One instruction on Arm with dot product and on x64 with AVX-VNNI. */
  RELAXED_DOT_ADD: {
    height: 5,
    sum: (i, h) => `v128.relaxed_dot_add<i32>(w${h}, x, p${i}${h})`,
  },
  /** Levels and weights in i16. */
  DOT_I16: {
    height: 5,
    sum: (i, h) => `i32x4.add(p${i}${h}, i32x4.dot_i16x8_s(w${h}, x))`,
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
    "import { ownLevels, ownPart0, ownPart1, scaled } from '../scale-int8'",
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
  const { sum, pair } = kernels[name]
  const pixels = count(height)
  const halves = [0, 1]
  const loads = (at, from, words) =>
    words.map((word) => `w${word} = v128.load(w, ${32 * at + 16 * (word - from)})`).join('; ')
  const group = (at) => [
    loads(at, 0, pair ? [0, 1, 2, 3] : [0, 1]),
    ...pixels.map(
      (i) =>
        `x = v128.load32_splat(p, ${16 * i + 4 * at}); ` +
        (pair ? `y = v128.load32_splat(p, ${16 * i + 4 * at + 4}); ` : '') +
        halves.map((h) => `p${i}${h} = ${sum(i, h)}`).join('; '),
    ),
  ]
  const together = pair ? 2 : 1
  const unrolled = block('for (let n = blocks; n > 0; --n)', [
    ...[0, 1, 2, 3].filter((at) => at % together === 0).flatMap(group),
    'w += 128',
    'p += plane',
  ])
  const inTurn = block('for (let n = blocks; n > 0; --n)', [
    ...block(`for (let m = ${4 / together}; m > 0; --m)`, [
      ...group(0),
      `w += ${32 * together}`,
      `p += ${4 * together}`,
    ]),
    'p += plane - 16',
  ])
  return block(`function ${camel(name)}${height}(${PARAMETERS}, tiles: i32): void`, [
    'const one = i16x8.splat(1)',
    ...block('for (; tiles > 0; --tiles)', [
      'let x: v128, y: v128, w0: v128, w1: v128, w2: v128, w3: v128',
      'let p = a',
      'let w = head + PANEL_HEAD',
      `let ${pixels.flatMap((i) => halves.map((h) => `p${i}${h} = i32x4.splat(0)`)).join(', ')}`,
      ...(height === 1 ? inTurn : unrolled),
      'const low = f32x4.splat(floor)',
      'const scale0 = v128.load(head), scale1 = v128.load(head, 16), bias0 = v128.load(head, 32), bias1 = v128.load(head, 48)',
      ...pixels.flatMap((i) => halves.map((h) => `p${i}${h} = scaled(p${i}${h}, scale${h}, bias${h})`)),
      ...block('if (own)', [
        'const diagonal0 = v128.load(head, 64), diagonal1 = v128.load(head, 80)',
        ...pixels.flatMap((i) => [
          `x = ownLevels(own + ${16 * i})`,
          ...halves.map((h) => `p${i}${h} = f32x4.add(p${i}${h}, ownPart${h}(x, diagonal${h}))`),
        ]),
        `own += ${16 * height}`,
      ]),
      ...pixels.flatMap((i) =>
        halves.map((h) => `v128.store(c, atLeast(p${i}${h}, low), ${32 * i + 16 * h})`),
      ),
      `a += ${16 * height}`,
      `c += ${32 * height}`,
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
