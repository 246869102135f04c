import type { Preprocess } from '@mobileone/core'

/** How pixels between pixels are computed, as in Pillow's resize. */
export type Interpolation = Preprocess['interpolation']

/** Pillow's PRECISION_BITS: 32 bits less 8 for the sample and 2 for overshoot. */
export const precisionBits: number = 32 - 8 - 2

/** For each output position of one axis: which inputs it reads and with what weight. */
export interface Coefficients {
  /** First input read by each output. */
  readonly starts: Int32Array
  /** Inputs read by each output. */
  readonly counts: Int32Array
  /** Weights in fixed point of {@link precisionBits}; those of output i begin at `i * stride`. */
  readonly weights: Int32Array
  readonly stride: number
}

interface Filter {
  /** Half width, in input pixels at scale 1. */
  readonly support: number
  weight(distance: number): number
}

const filters: Record<Interpolation, Filter> = {
  bilinear: {
    support: 1,
    weight(distance) {
      const x = Math.abs(distance)
      return x < 1 ? 1 - x : 0
    },
  },
  // Keys (1981) with a = -0.5, in the order of operations of Pillow's bicubic_filter.
  bicubic: {
    support: 2,
    weight(distance) {
      const x = Math.abs(distance)
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1
      if (x < 2) return (((x - 5) * x + 8) * x - 4) * -0.5
      return 0
    },
  },
}

/**
 * The weights of outputs `from .. from + count - 1` when `inSize` samples become `outSize`: Pillow's `precompute_coeffs`
 * and `normalize_coeffs_8bpc` (src/libImaging/Resample.c). Each output's weights depend on nothing but its position,
 * so a part of the axis has the same weights as in the whole.
 */
export function coefficients(
  inSize: number,
  outSize: number,
  from: number,
  count: number,
  interpolation: Interpolation,
): Coefficients {
  const filter = filters[interpolation]
  const scale = inSize / outSize
  const filterScale = Math.max(scale, 1)
  const support = filter.support * filterScale
  const inverse = 1 / filterScale
  const stride = Math.ceil(support) * 2 + 1

  const starts = new Int32Array(count)
  const counts = new Int32Array(count)
  const weights = new Int32Array(count * stride)
  const exact = new Float64Array(stride)
  for (let i = 0; i < count; i++) {
    const centre = (from + i + 0.5) * scale
    const first = Math.max(0, Math.trunc(centre - support + 0.5))
    const taps = Math.min(inSize, Math.trunc(centre + support + 0.5)) - first
    let sum = 0
    for (let tap = 0; tap < taps; tap++) {
      const weight = filter.weight((tap + first - centre + 0.5) * inverse)
      exact[tap] = weight
      sum += weight
    }
    starts[i] = first
    counts[i] = taps
    for (let tap = 0; tap < taps; tap++) {
      const weight = sum === 0 ? exact[tap]! : exact[tap]! / sum
      weights[i * stride + tap] = Math.trunc((weight < 0 ? -0.5 : 0.5) + weight * (1 << precisionBits))
    }
  }
  return { starts, counts, weights, stride }
}

/** The inputs that the outputs read, all of them together. */
export function spanOf({ starts, counts }: Coefficients): { readonly first: number; readonly count: number } {
  const last = starts.length - 1
  const first = starts[0]!
  return { first, count: starts[last]! + counts[last]! - first }
}

/** The same for inputs counted from `first` on. */
export function countedFrom(first: number, axis: Coefficients): Coefficients {
  return { ...axis, starts: axis.starts.map((start) => start - first) }
}
