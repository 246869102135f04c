/** From sums of levels times int8 weights to f32, `(sum * scale + bias) + diagonal * level`, each step rounded by itself: core's integer-weight.ts. */

// @ts-ignore: decorator
@inline
export function scaled(sum: v128, scale: v128, bias: v128): v128 {
  return f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(sum), scale), bias)
}

/** The levels of 8 channels of a pixel, in i16. */
// @ts-ignore: decorator
@inline
export function ownLevels(own: usize): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? v128.load_ext<u8>(own) : v128.load(own)
}

/** What 4 channels of a pixel add, whose levels, u8, are at `own`. */
// @ts-ignore: decorator
@inline
export function ownPart(own: usize, diagonal: v128): v128 {
  return ownPart0(i16x8.extend_low_i8x16_u(v128.load32_zero(own)), diagonal)
}

// @ts-ignore: decorator
@inline
export function ownPart0(levels: v128, diagonal: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(levels)), diagonal)
}

// @ts-ignore: decorator
@inline
export function ownPart1(levels: v128, diagonal: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(levels)), diagonal)
}
