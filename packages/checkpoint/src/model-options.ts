import type { ModelCard } from '@mobileone/core'
import type { Strides } from './infer-config.ts'

/** What shapes cannot tell, and which part of the file is wanted. */
export interface ModelFromCheckpointOptions {
  /** Default: the file's, else the variant's (`mobileone_s0`), else `mobileone`. */
  readonly name?: string
  /** Input size; the rule for pictures in the file goes with it. Default: the file's, else 224 x 224. */
  readonly size?: readonly [height: number, width: number]
  /** Default: the file's, else told by the skips of a train form, else 2 in the stem and in each stage. */
  readonly strides?: Strides
  /**
   * Outputs as for `mobileone()`, for example `['stride8', 'stride32']`; of a file with its network, its outputs or values by name.
   * Default `logits`, which needs the classifier, or all that the network has.
   */
  readonly outputs?: readonly string[]
  /** Take the keys under this prefix and leave the others alone: `encoder.` out of a segmentation network, say. */
  readonly prefix?: string
  /** Laid over the file's card. */
  readonly card?: ModelCard
  /** Told what was assumed because nothing in the file tells it. Default: nobody. */
  readonly onWarning?: ((message: string) => void) | undefined
}
