import type { BranchShape } from '@mobileone/tfjs-wasm-gradients'
import type { Branch, BranchSum } from './find-branch-sums.ts'

/** Patches of at most this many values are multiplied out for their covariance; with more, each branch is run for its statistics. */
const largestPatch = 32

/** Whether `Branches` of `@mobileone/tfjs-wasm-gradients` has a way to run `sum` at once. */
export function runsAtOnce({
  geometry: { groups, kernel, inChannels, outChannels, stride },
}: BranchSum): boolean {
  if (groups !== 1) return groups === inChannels && inChannels === outChannels
  if (kernel === 1) return stride.every((step) => step === 1)
  return inChannels * kernel * kernel <= largestPatch
}

/** `sum` as that function takes it. */
export function shapeOf({ branches, geometry, relu }: BranchSum): BranchShape {
  const { inChannels, outChannels, groups, stride, epsilon } = geometry
  return {
    kernels: branches.map(({ size }) => size),
    ...{ inChannels, outChannels, groups, epsilon, relu },
    stride: stride as [number, number],
  }
}

/** The names of the parameters of `branches` in the order in which that function takes them. */
export function parametersOf(branches: readonly Branch[]): readonly string[] {
  return branches.flatMap(({ conv, batchNorm }) => [
    ...(conv ? [conv.weight] : []),
    batchNorm.weight,
    batchNorm.bias,
  ])
}
