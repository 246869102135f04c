/**
 * Both passes of Pillow's resize, u8 in and float32 planes out, 128-bit SIMD: the arithmetic of src/resize.ts, bit for bit.
 *
 * A weight w of 22 fractional bits is split, w = high * 2^11 + low with 0 <= low < 2^11, so that both parts fit the 16 bits of
 * i32x4.dot_i16x8_s; sums are taken modulo 2^32, as there. Taps come in pairs, those past the last with weight 0.
 *
 * An axis is a table: for each output an i32, where its first input lies (bytes from the beginning of a row, or of all rows), then
 * `pairs` times [low, low, high, high] of i16. Rows between the passes hold 4 bytes a pixel, their length a multiple of 16.
 */

// @ts-ignore: decorator
@inline
const SPLIT = 11

/** The first 8 bits of the sums, rounded and saturated: 4 x i32 to 4 x i32. */
// @ts-ignore: decorator
@inline
function rounded(low: v128, high: v128): v128 {
  return i32x4.shr_s(i32x4.add(i32x4.add(low, i32x4.shl(high, SPLIT)), i32x4.splat(1 << 21)), 22)
}

/** Two neighbouring pixels of C bytes at `from`: channel by channel, the pair of their samples as i16. */
// @ts-ignore: decorator
@inline
function pixelPair(C: i32, from: usize): v128 {
  const zero = i32x4.splat(0)
  if (C == 4) {
    return i8x16.shuffle(v128.load64_zero(from), zero, 0, 16, 4, 16, 1, 16, 5, 16, 2, 16, 6, 16, 3, 16, 7, 16)
  }
  if (C == 3) {
    return i8x16.shuffle(v128.load64_zero(from), zero, 0, 16, 3, 16, 1, 16, 4, 16, 2, 16, 5, 16, 16, 16, 16, 16)
  }
  return i8x16.shuffle(v128.load16_splat(from), zero, 0, 16, 1, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16)
}

// @ts-ignore: decorator
@inline
function rowsOf(
  C: i32, src: usize, stride: usize, count: i32, axis: usize, columns: i32, pairs: i32, dst: usize,
): void {
  for (let y = 0; y < count; ++y) {
    let table = axis
    let to = dst
    for (let x = 0; x < columns; ++x) {
      let from = src + load<u32>(table)
      table += 4
      let low = i32x4.splat(0), high = low
      for (let pair = 0; pair < pairs; ++pair) {
        const samples = pixelPair(C, from)
        low = i32x4.add(low, i32x4.dot_i16x8_s(samples, v128.load32_splat(table)))
        high = i32x4.add(high, i32x4.dot_i16x8_s(samples, v128.load32_splat(table, 4)))
        from += 2 * C
        table += 8
      }
      const sums = rounded(low, high)
      const words = i16x8.narrow_i32x4_s(sums, sums)
      v128.store32_lane(to, i8x16.narrow_i16x8_u(words, words), 0)
      to += 4
    }
    src += stride
    dst += (<usize>(columns + 3) & ~3) << 2
  }
}

/** `count` rows of `channels` bytes a pixel, `stride` bytes apart, resized to `columns` pixels of 4 bytes. */
export function horizontal(
  channels: i32, src: usize, stride: usize, count: i32, axis: usize, columns: i32, pairs: i32, dst: usize,
): void {
  if (channels == 4) rowsOf(4, src, stride, count, axis, columns, pairs, dst)
  else if (channels == 3) rowsOf(3, src, stride, count, axis, columns, pairs, dst)
  else rowsOf(1, src, stride, count, axis, columns, pairs, dst)
}

/** Sample C of 4 pixels, normalised: (x / 255 - mean) / std, each step rounded to float32. */
// @ts-ignore: decorator
@inline
function plane(C: i32, pixels: v128, statistics: usize, dst: usize): void {
  const zero = i32x4.splat(0)
  let x: v128
  if (C == 0) x = i8x16.shuffle(pixels, zero, 0, 16, 16, 16, 4, 16, 16, 16, 8, 16, 16, 16, 12, 16, 16, 16)
  else if (C == 1) x = i8x16.shuffle(pixels, zero, 1, 16, 16, 16, 5, 16, 16, 16, 9, 16, 16, 16, 13, 16, 16, 16)
  else x = i8x16.shuffle(pixels, zero, 2, 16, 16, 16, 6, 16, 16, 16, 10, 16, 16, 16, 14, 16, 16, 16)
  const scaled = f32x4.div(f32x4.convert_i32x4_s(x), f32x4.splat(255))
  const centred = f32x4.sub(scaled, v128.load32_splat(statistics + 8 * C))
  v128.store(dst, f32x4.div(centred, v128.load32_splat(statistics + 8 * C, 4)))
}

/**
 * Rows of `columns` pixels of 4 bytes resized to `count` rows and normalised: `planes` (3 or 1) planes of float32, rows of
 * `columns` rounded up to a multiple of 4. `statistics`: mean and deviation of each plane, f32.
 */
export function vertical(
  src: usize, columns: i32, axis: usize, count: i32, pairs: i32, planes: i32, statistics: usize, dst: usize,
): void {
  const stride = (<usize>(columns + 3) & ~3) << 2
  const size = stride * count
  for (let y = 0; y < count; ++y) {
    const rows = src + load<u32>(axis)
    axis += 4
    for (let x: usize = 0; x < stride; x += 16) {
      let from = rows + x
      let table = axis
      let low0 = i32x4.splat(0), low1 = low0, low2 = low0, low3 = low0
      let high0 = low0, high1 = low0, high2 = low0, high3 = low0
      for (let pair = 0; pair < pairs; ++pair) {
        const a = v128.load(from)
        const b = v128.load(from + stride)
        const low = v128.load32_splat(table), high = v128.load32_splat(table, 4)
        const first = i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
        let samples = i16x8.extend_low_i8x16_u(first)
        low0 = i32x4.add(low0, i32x4.dot_i16x8_s(samples, low))
        high0 = i32x4.add(high0, i32x4.dot_i16x8_s(samples, high))
        samples = i16x8.extend_high_i8x16_u(first)
        low1 = i32x4.add(low1, i32x4.dot_i16x8_s(samples, low))
        high1 = i32x4.add(high1, i32x4.dot_i16x8_s(samples, high))
        const second = i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
        samples = i16x8.extend_low_i8x16_u(second)
        low2 = i32x4.add(low2, i32x4.dot_i16x8_s(samples, low))
        high2 = i32x4.add(high2, i32x4.dot_i16x8_s(samples, high))
        samples = i16x8.extend_high_i8x16_u(second)
        low3 = i32x4.add(low3, i32x4.dot_i16x8_s(samples, low))
        high3 = i32x4.add(high3, i32x4.dot_i16x8_s(samples, high))
        from += 2 * stride
        table += 8
      }
      const pixels = i8x16.narrow_i16x8_u(
        i16x8.narrow_i32x4_s(rounded(low0, high0), rounded(low1, high1)),
        i16x8.narrow_i32x4_s(rounded(low2, high2), rounded(low3, high3)),
      )
      plane(0, pixels, statistics, dst + x)
      if (planes == 3) {
        plane(1, pixels, statistics, dst + size + x)
        plane(2, pixels, statistics, dst + 2 * size + x)
      }
    }
    axis += <usize>pairs << 3
    dst += stride
  }
}
