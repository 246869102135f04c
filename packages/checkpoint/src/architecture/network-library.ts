import type { Model } from '@mobileone/core'
import type { Checkpoint } from '../checkpoint.ts'
import type { ModelFromCheckpointOptions } from '../model-options.ts'

/** Networks beside the MobileOnes that a loader knows: names, where their weights are, and how they are read. */
export interface NetworkLibrary {
  /** With the release of what reads: equal ids make equal models of equal bytes. */
  readonly id: string
  /**
   * Where the weights of the network `name` are: a hub id or an address. Undefined for what is no name of this library's.
   * @throws MobileOneError `unavailable` for a network whose weights nobody publishes.
   */
  weightsOf(name: string): string | undefined
  /**
   * The model of a checkpoint that `holdsMobileOne` is false of; `name` where it must be that one.
   * @throws MobileOneError `missing-weights` where it is none of the library's.
   */
  read(checkpoint: Checkpoint, options: ModelFromCheckpointOptions, name?: string): Model
}
