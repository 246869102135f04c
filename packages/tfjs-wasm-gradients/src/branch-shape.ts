import type * as tf from '@tensorflow/tfjs-core'

/**
 * Parallel branches of one convolution, centred on its pixels and each batch-normalised, which are added up: what a block of MobileOne or
 * RepVGG is before its activation.
 */
export interface BranchShape {
  /** Of each branch the height and width of its kernel, odd; 0: the branch is the input itself. */
  readonly kernels: readonly number[]
  readonly inChannels: number
  readonly outChannels: number
  /** 1, or `inChannels` where `outChannels` is that too. */
  readonly groups: number
  readonly stride: readonly [number, number]
  /** Of all batch normalisations. */
  readonly epsilon: number
  /** Whether the sum goes through ReLU. */
  readonly relu: boolean
}

/** How {@link Branches} is run. */
export interface BranchOptions {
  /** Leave out the gradient by the input, which then is a constant. */
  readonly constantInput?: boolean
  /**
   * Called with the mean and the biased variance of each branch over the batch, [2, branches, outChannels]. Disposed of after the call,
   * and without gradients.
   */
  readonly observe?: (statistics: tf.Tensor3D) => void
}

/**
 * The sum in training mode, of x [n, h, w, inChannels]: every branch is normalised by the mean and variance of this batch, through which
 * gradients flow. First derivatives, by x and `parameters`: branch after branch its kernel [outChannels, inChannels / groups, size, size],
 * gamma [outChannels] and beta [outChannels], as in PyTorch.
 *
 * It costs one convolution and the statistics of its input, whatever the number of branches.
 */
export type Branches = (
  x: tf.Tensor4D,
  parameters: tf.Tensor1D,
  shape: BranchShape,
  options?: BranchOptions,
) => tf.Tensor4D
