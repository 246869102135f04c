import type { Preprocess } from '@mobileone/core'

/** Images and labels of one step, ready for the network. */
export interface Batch {
  /** Normalised pixels, NHWC. */
  readonly images: Float32Array
  readonly shape: readonly [count: number, height: number, width: number, channels: number]
  /** Class index of each image. */
  readonly labels: Int32Array
}

/** Which batches to make. Equal requests give equal batches, bit for bit. */
export interface BatchRequest {
  /** From 0. Another epoch is shuffled and augmented differently. */
  readonly epoch: number
  readonly seed: number
  readonly batchSize: number
  readonly size: readonly [height: number, width: number]
  /** How strongly to augment, 0 to 1. */
  readonly strength: number
  /** Batches of this epoch to leave out, because they were already used. */
  readonly skip?: number
  readonly signal?: AbortSignal | undefined
}

/** Where batches come from: a data set of this package, or one of your own. */
export interface BatchSource {
  /** Examples in one epoch. */
  readonly examples: number
  /** One label per class, in class order. */
  readonly labels: readonly string[]
  readonly channels: 1 | 3
  /** Mean and standard deviation the pixels are normalised with; they land in the model's card. */
  readonly preprocess: Preprocess
  batches(request: BatchRequest): AsyncIterable<Batch>
  /** Stop workers. */
  dispose?(): Promise<void>
}
