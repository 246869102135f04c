import type { Upsample } from './model.ts'

/** The pixels along one axis that a result is made of, with the share of each: one pixel, or two neighbours whose shares sum to 1. */
export type Taps = readonly (readonly [pixel: number, share: number])[]

/** The pixel, of `from`, that is nearest to result `index` of `to`: floor(i from / to). */
export function nearestPixel(index: number, from: number, to: number): number {
  return Math.floor((index * from) / to)
}

/**
 * What each of `to` results along an axis of `from` pixels is made of. `nearest`: the pixel at floor(i from / to). `bilinear`: the
 * neighbours of max(0, (i + 1/2) from / to - 1/2), or of i (from - 1) / (to - 1) with aligned corners
 * (PyTorch, `area_pixel_compute_source_index` in aten/src/ATen/native/UpSample.h). In whole numbers up to the last division, so that a
 * result that lies on a pixel is that pixel alone: in PyTorch its neighbour counts with a share of 0, which NaN and infinity survive.
 */
export function interpolation(
  { mode, alignCorners }: Pick<Upsample, 'mode' | 'alignCorners'>,
  from: number,
  to: number,
): readonly Taps[] {
  return Array.from({ length: to }, (_, index) => {
    if (mode === 'nearest') return [[nearestPixel(index, from, to), 1]]
    const [above, below] = alignCorners
      ? [index * (from - 1), Math.max(1, to - 1)]
      : [Math.max(0, (2 * index + 1) * from - to), 2 * to]
    const pixel = Math.floor(above / below)
    const share = (above - pixel * below) / below
    if (share === 0 || pixel + 1 >= from) return [[Math.min(pixel, from - 1), 1]]
    return [
      [pixel, 1 - share],
      [pixel + 1, share],
    ]
  })
}
