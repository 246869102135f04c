/** One stage of MobileOne: `blocks` pairs of a depthwise and a pointwise block. */
export interface StageConfig {
  /** Depthwise + pointwise pairs. */
  readonly blocks: number
  /** Output channels of every pair. */
  readonly channels: number
  /** Stride of the first depthwise block. */
  readonly stride: number
  /** k: parallel conv + batchNorm branches of each block in train form. */
  readonly branches: number
  /** How many of the last pairs carry squeeze-and-excite, in both blocks. */
  readonly squeezeExcite: number
  /**
   * Channels between the two layers of squeeze-and-excite, for each block that has it, in order: depthwise and pointwise of each of the
   * last `squeezeExcite` pairs. Default: a sixteenth of the block's channels, as in the released S4.
   */
  readonly squeezeChannels?: readonly number[]
}

/** A MobileOne network as data: enough to build either form. */
export interface MobileOneConfig {
  readonly name: string
  readonly input: { readonly channels: number; readonly size: readonly [height: number, width: number] }
  /** The first block, one dense 3x3 convolution. */
  readonly stem: { readonly channels: number; readonly stride: number; readonly branches: number }
  readonly stages: readonly StageConfig[]
  readonly classes: number
}
