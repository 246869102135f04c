/** A convolution's sizes as consecutive i32, written by src/geometry.ts in this order. */
export const BATCH: i32 = 0
export const IN_H: i32 = 1
export const IN_W: i32 = 2
export const IN_C: i32 = 3
/** Output channels: of each input channel for a depthwise convolution, of all for a dense one. */
export const OUT_C: i32 = 4
export const KERNEL_H: i32 = 5
export const KERNEL_W: i32 = 6
export const STRIDE_H: i32 = 7
export const STRIDE_W: i32 = 8
export const PAD_TOP: i32 = 9
export const PAD_LEFT: i32 = 10
export const DILATION_H: i32 = 11
export const DILATION_W: i32 = 12
export const OUT_H: i32 = 13
export const OUT_W: i32 = 14
/** 1: images and gradients are NCHW (dense only). */
export const CHANNELS_FIRST: i32 = 15

// @ts-ignore: decorator
@inline
export function at(geometry: usize, field: i32): i32 {
  return load<i32>(geometry + (<usize>field << 2))
}
