import { elementCount, floatWeight, inferShapes, type Model, opFacts, withInputs } from '@mobileone/core'
import { runsAtOnce } from '../gradients/branch-sum.ts'
import { findBranchSums } from '../gradients/find-branch-sums.ts'

/** Memory that one step takes of TensorFlow.js's wasm heap, estimated. */
export interface StepMemory {
  readonly fixedBytes: number
  readonly bytesPerImage: number
}

/** What a step may take of the 4 GiB that the heap can grow to: the rest is lost between the tensors. */
export const mostStepBytes: number = 3.5 * 2 ** 30

/** Measured on S0, S2, S4 and the small network at 32 to 224 pixels: values that live at once for each... */
const live = {
  /** ...output of a block: its own, those kept for the backward pass, and their gradients. */
  output: 3.3,
  /** ...element of a covariance of inputs. */
  covariance: 2,
  /** ...weight of the branches whose statistics follow from one. */
  weight: 15,
}

/**
 * The memory of a step of `model` at `size`, to some 15 %: outputs of blocks by the image, and covariances and gradients of
 * weights whatever the batch.
 */
export function stepMemory(model: Model, size: readonly [height: number, width: number]): StepMemory {
  const [name, { shape }] = Object.entries(model.inputs)[0] as [string, Model['inputs'][string]]
  const shapes = inferShapes(withInputs(model, { [name]: [1, shape[1] as number, ...size] }))
  let outputs = 0
  let fixed = 0
  for (const unit of findBranchSums(model, runsAtOnce)) {
    if (unit.kind === 'branches' || !opFacts(unit.node).inPlace)
      outputs += elementCount(shapes[unit.name] as readonly number[])
    if (unit.kind !== 'branches' || unit.geometry.groups !== 1) continue
    const { kernel, inChannels, outChannels } = unit.geometry
    const patch = kernel * kernel * inChannels
    fixed += live.covariance * patch * patch + live.weight * unit.branches.length * outChannels * patch
  }
  const weights = Object.keys(model.weights).reduce(
    (sum, each) => sum + floatWeight(model, each).data.length,
    0,
  )
  return { fixedBytes: 4 * (fixed + 3 * weights), bytesPerImage: 4 * live.output * outputs }
}
