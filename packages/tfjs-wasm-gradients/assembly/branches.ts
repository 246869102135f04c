/**
 * The parameters of parallel branches of one convolution, each batch-normalised, which are added up: what a MobileOne block is before
 * its activation. `sizes` (i32): the height of each branch's kernel, 0 where the branch is the input itself.
 *
 * `parameters` (f32), branch after branch: its kernel as in PyTorch, [outs][ins][size][size], gamma [outs], beta [outs].
 * `statistics` (f32): the means [branches][outs], then the variances.
 *
 * With mean m, variance v and r = 1 / sqrt(v + epsilon) of each branch over the batch, the sum is one convolution, of the kernel
 * `sum gamma r W` and the bias `sum (beta - gamma r m)`. Of the gradients G of that kernel and s of that bias, and the inputs' mean mu under
 * each weight, `D = G - s mu` is what changes no mean. The gradients of a branch are `dbeta = s`, `dgamma = r <D, W>`, and by its
 * statistics `dm = -gamma r s`, `dv = -gamma r^2 dgamma / 2`; with the inputs' covariance C its kernel's is `gamma r D + 2 dv C W`.
 */

// @ts-expect-error: decorator
@inline
export function sizeOf(sizes: usize, branch: i32): i32 {
  return load<i32>(sizes + (<usize>branch << 2))
}

/** Branches that have a kernel. */
export function convolutions(sizes: usize, branches: i32): i32 {
  let count = 0
  for (let b = 0; b < branches; ++b) if (sizeOf(sizes, b)) ++count
  return count
}

/** Bytes of a branch's kernel of `size`, `filters` = outs * ins. */
// @ts-expect-error: decorator
@inline
export function kernelBytes(size: i32, filters: i32): usize {
  return <usize>(filters * size * size) << 2
}

/** Gradients by the parts of one channel of a branch; see the head of this file. */
export let dMean: f64 = 0
export let dVariance: f64 = 0
export let gain: f64 = 0

/**
 * From `product` = <D, W> and `shift` = s of one channel: stores the gradients of gamma and beta at `to` and `to + step`, and leaves
 * `gain` = gamma r, `dMean` and `dVariance`. A variance that is 0 has no gradient.
 */
export function backThroughNorm(
  gamma: f32, variance: f32, epsilon: f32, product: f64, shift: f64, to: usize, step: usize,
): void {
  const r = 1 / Math.sqrt(<f64>variance + <f64>epsilon)
  const slope = r * product
  gain = <f64>gamma * r
  dMean = -gain * shift
  dVariance = variance > 0 ? -0.5 * gain * r * slope : 0
  store<f32>(to, <f32>slope)
  store<f32>(to + step, <f32>shift)
}

/** `gradient` [n] = G - s mu of one channel, `shift` = s, `mean` [n]. */
export function removeMean(gradient: usize, shift: f32, mean: usize, n: i32): void {
  for (; n > 0; --n) {
    store<f32>(gradient, <f32>(<f64>load<f32>(gradient) - <f64>shift * <f64>load<f32>(mean)))
    gradient += 4
    mean += 4
  }
}
