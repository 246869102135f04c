/**
 * Branches (branches.ts) of a depthwise convolution of height 3, f32, NHWC, and their gradients. Kernels of height 1 and the input itself
 * are its middle tap, so the branches are the channels of one convolution with a multiplier, of geometry `all`, of which only moments
 * are wanted; `g` is that of multiplier 1.
 */
import { backThroughNorm, dMean, dVariance, gain, kernelBytes, removeMean, sizeOf } from './branches'
import { depthwise, depthwiseBackward, depthwiseBackwardScratch, depthwiseScratch } from './depthwise'
import { at, IN_C } from './geometry'
import {
  depthwiseMoments, depthwiseMomentsBackward, depthwiseMomentsBackwardScratch, depthwiseMomentsScratch, productWith,
} from './moments'

const TAPS: i32 = 9
/** Filters [TAPS, c, branches] out of the parameters. */
function stackFilters(sizes: usize, branches: i32, c: i32, parameters: usize, to: usize): void {
  memory.fill(to, 0, <usize>(TAPS * c * branches) << 2)
  for (let b = 0; b < branches; ++b) {
    const size = sizeOf(sizes, b)
    for (let channel = 0; channel < c; ++channel) {
      for (let t = 0; t < TAPS; ++t) {
        const own = to + (<usize>((t * c + channel) * branches + b) << 2)
        if (size == 3) store<f32>(own, load<f32>(parameters + (<usize>(channel * TAPS + t) << 2)))
        else if (t == 4) store<f32>(own, size ? load<f32>(parameters + (<usize>channel << 2)) : 1)
      }
    }
    parameters += kernelBytes(size, c) + (<usize>c << 3)
  }
}

/** Bytes of filters [TAPS, c, branches]. */
// @ts-expect-error: decorator
@inline
function filtersBytes(c: i32, branches: i32): usize {
  return <usize>(TAPS * c * branches) << 2
}

/** Bytes of scratch {@link depthwiseBranches} needs. */
export function depthwiseBranchesScratch(g: usize, all: usize, branches: i32): usize {
  const c = at(g, IN_C)
  return filtersBytes(c, branches + 1) + (<usize>(c * (2 * branches + 1)) << 2) + 16 +
    max(depthwiseScratch(g), depthwiseMomentsScratch(all))
}

/**
 * y = the sum, through ReLU where `relu`. Kept for {@link depthwiseBranchesBackward}: `statistics`, and `moments` as depthwiseMoments
 * leaves them.
 */
export function depthwiseBranches(
  g: usize, all: usize, sizes: usize, branches: i32, x: usize, parameters: usize, epsilon: f32, relu: i32, y: usize,
  statistics: usize, moments: usize, scratch: usize,
): void {
  const c = at(g, IN_C)
  const filters = scratch
  const sum = filters + filtersBytes(c, branches)
  const bias = sum + filtersBytes(c, 1)
  const out = bias + (<usize>c << 2)
  const rest = (out + (<usize>(2 * c * branches) << 2) + 15) & ~15
  stackFilters(sizes, branches, c, parameters, filters)
  depthwiseMoments(all, x, filters, out, moments, rest)
  memory.fill(sum, 0, out - sum)
  const variances = <usize>(c * branches) << 2
  let seen = statistics
  for (let b = 0; b < branches; ++b) {
    const gamma = parameters + kernelBytes(sizeOf(sizes, b), c)
    for (let channel = 0; channel < c; ++channel) {
      const own = out + (<usize>(channel * branches + b) << 2)
      const mean = load<f32>(own), variance = load<f32>(own + variances)
      store<f32>(seen, mean)
      store<f32>(seen + variances, variance)
      const offset = <usize>channel << 2
      const slope = <f64>load<f32>(gamma + offset) / Math.sqrt(<f64>variance + <f64>epsilon)
      const shift = bias + offset
      store<f32>(
        shift,
        <f32>(<f64>load<f32>(shift) + <f64>load<f32>(gamma + (<usize>c << 2) + offset) - slope * <f64>mean),
      )
      addFilter(filters, channel, c, branches, b, slope, sum)
      seen += 4
    }
    parameters = gamma + (<usize>c << 3)
  }
  depthwise(g, x, sum, bias, y, relu, rest)
}

/** `sum` [TAPS, c] += `scale` times the filter of one channel of one branch. */
function addFilter(filters: usize, channel: i32, c: i32, branches: i32, b: i32, scale: f64, sum: usize): void {
  for (let t = 0; t < TAPS; ++t) {
    const place = t * c + channel
    const to = sum + (<usize>place << 2)
    store<f32>(to, <f32>(<f64>load<f32>(to) + scale * <f64>load<f32>(filters + (<usize>(place * branches + b) << 2))))
  }
}

/** Bytes of scratch {@link depthwiseBranchesBackward} needs. */
export function depthwiseBranchesBackwardScratch(g: usize, all: usize, branches: i32): usize {
  const c = at(g, IN_C)
  return filtersBytes(c, branches + 2) + (<usize>(c * (2 * branches + 1)) << 2) + 16 +
    max(depthwiseBackwardScratch(g), depthwiseMomentsBackwardScratch(all))
}

/**
 * Gradients from dy; where `y`, the output after its ReLU, is not 0, only where it is above zero. `dparameters` is laid out as
 * `parameters`; `dx` may be 0.
 */
export function depthwiseBranchesBackward(
  g: usize, all: usize, sizes: usize, branches: i32, x: usize, parameters: usize, epsilon: f32, y: usize, dy: usize,
  statistics: usize, moments: usize, dx: usize, dparameters: usize, scratch: usize,
): void {
  const c = at(g, IN_C)
  const filters = scratch
  const sum = filters + filtersBytes(c, branches)
  const gradient = sum + filtersBytes(c, 1)
  const biasSums = gradient + filtersBytes(c, 1)
  const slopes = biasSums + (<usize>c << 2)
  const rest = (slopes + (<usize>(2 * c * branches) << 2) + 15) & ~15
  stackFilters(sizes, branches, c, parameters, filters)
  depthwiseBackward(g, x, 0, y, dy, 0, gradient, biasSums, rest)

  for (let t = 0; t < TAPS; ++t) {
    const row = <usize>(t * c) << 2
    for (let channel: usize = 0; channel < <usize>c << 2; channel += 4) {
      removeMean(gradient + row + channel, load<f32>(biasSums + channel), moments + row + channel, 1)
    }
  }

  memory.fill(sum, 0, gradient - sum)
  const variances = <usize>(c * branches) << 2
  let seen = statistics
  let from = parameters, to = dparameters
  for (let b = 0; b < branches; ++b) {
    const bytes = kernelBytes(sizeOf(sizes, b), c)
    for (let channel = 0; channel < c; ++channel) {
      const offset = <usize>channel << 2
      let inner: f64 = 0
      for (let t = 0; t < TAPS; ++t) {
        const place = t * c + channel
        inner += <f64>load<f32>(gradient + (<usize>place << 2)) * <f64>load<f32>(filters + (<usize>(place * branches + b) << 2))
      }
      backThroughNorm(
        load<f32>(from + bytes + offset), load<f32>(seen + variances), epsilon, inner,
        <f64>load<f32>(biasSums + offset), to + bytes + offset, <usize>c << 2,
      )
      addFilter(filters, channel, c, branches, b, gain, sum)
      const size = sizeOf(sizes, b)
      for (let t = 0; t < TAPS; ++t) {
        if (size != 3 && (t != 4 || !size)) continue
        const product = productWith(filters, moments, t, TAPS, c, branches, channel, b)
        store<f32>(
          to + (<usize>(size == 3 ? channel * TAPS + t : channel) << 2),
          <f32>(gain * <f64>load<f32>(gradient + (<usize>(t * c + channel) << 2)) + 2 * dVariance * product),
        )
      }
      const own = slopes + (<usize>(channel * branches + b) << 2)
      store<f32>(own, <f32>dMean)
      store<f32>(own + variances, <f32>dVariance)
      seen += 4
    }
    from += bytes + (<usize>c << 3)
    to += bytes + (<usize>c << 3)
  }
  if (dx) depthwiseMomentsBackward(all, x, filters, moments, slopes, dx, 0, g, sum, y, dy, rest)
}
