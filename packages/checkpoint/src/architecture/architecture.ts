/**
 * Networks whose layers are fixed, and whose weights go by the names of their modules: what {@link modelOfArchitecture} looks for in a
 * checkpoint. Not responsible for MobileOnes, whose layers are read from the checkpoint.
 */
import type { Form, Graph, Preprocess } from '@mobileone/core'

/** What the weights of a checkpoint may say of a network whose layers are known. */
export interface ArchitectureOptions {
  /** `train`: with batch normalisation, as checkpoints usually are. `deploy`: folded. */
  readonly form: Form
  readonly classes?: number
  readonly inputChannels?: number
  readonly size?: readonly [height: number, width: number] | undefined
  /** Of every batch normalisation; no weight tells it. */
  readonly epsilon?: number | undefined
}

/** One network. */
export interface Architecture {
  readonly name: string
  /** The network without weights, with the names that its usual checkpoints have. */
  build(options: ArchitectureOptions): Graph
  /** Other names for its weights. */
  readonly namings?: readonly ArchitectureNaming[]
}

/** How another program names the weights of a network, in either form, and what it trained it with. */
export interface ArchitectureNaming {
  readonly name: string
  /** The program's module for each of the network's modules: `features.0.0` for `conv_stem`, say. */
  modules(): ReadonlyMap<string, string>
  readonly epsilon?: number
  /** What its published weights want otherwise. */
  readonly preprocess?: Partial<Preprocess>
}
