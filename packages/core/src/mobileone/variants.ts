import type { MobileOneConfig } from './config.ts'

/** The networks of the paper (Vasu et al. 2023, arXiv 2206.04040, Table 7). */
export type Variant = 's0' | 's1' | 's2' | 's3' | 's4'

/** Look-alikes of the micro networks of the paper's Table 13, whose layout it does not publish. */
export type MicroVariant = 'mu1-like' | 'mu2-like'

/** A row of Table 7 of the paper, in the form of the released code. */
export interface WidthRow {
  readonly name: string
  /** Width multipliers of the four stages, on 64, 128, 256 and 512 channels. */
  readonly widths: readonly [number, number, number, number]
  /** Depthwise + pointwise pairs per stage. Default 2, 8, 10, 1. */
  readonly blocks?: readonly [number, number, number, number]
  /** k of every block after the stem. */
  readonly branches: number
  /** How many of the last pairs of each stage carry squeeze-and-excite. Default none. */
  readonly squeezeExcite?: readonly [number, number, number, number]
  readonly classes?: number
  readonly inputChannels?: number
  readonly inputSize?: readonly [height: number, width: number]
}

const baseChannels = [64, 128, 256, 512] as const

/**
 * A configuration from width multipliers, by the released code's rules: stages of `floor(base * width)` channels, a
 * dense stem of `min(64, floor(64 * width_1))` channels with one branch, stride 2 in the stem and in every stage.
 */
export function configFromWidths(row: WidthRow): MobileOneConfig {
  const blocks = row.blocks ?? [2, 8, 10, 1]
  const squeezeExcite = row.squeezeExcite ?? [0, 0, 0, 0]
  return {
    name: row.name,
    input: { channels: row.inputChannels ?? 3, size: row.inputSize ?? [224, 224] },
    stem: { channels: Math.min(64, Math.floor(64 * row.widths[0])), stride: 2, branches: 1 },
    stages: baseChannels.map((base, index) => ({
      blocks: blocks[index] as number,
      channels: Math.floor(base * (row.widths[index] as number)),
      stride: 2,
      branches: row.branches,
      squeezeExcite: squeezeExcite[index] as number,
    })),
    classes: row.classes ?? 1000,
  }
}

/** S0-S4 (Table 7, as released: stem k = 1 and at most 64 channels; SE on the last five pairs of stage 3 and on stage 4 of S4). */
export const variants: Readonly<Record<Variant, MobileOneConfig>> = {
  s0: configFromWidths({ name: 'mobileone_s0', widths: [0.75, 1, 1, 2], branches: 4 }),
  s1: configFromWidths({ name: 'mobileone_s1', widths: [1.5, 1.5, 2, 2.5], branches: 1 }),
  s2: configFromWidths({ name: 'mobileone_s2', widths: [1.5, 2, 2.5, 4], branches: 1 }),
  s3: configFromWidths({ name: 'mobileone_s3', widths: [2, 2.5, 3, 4], branches: 1 }),
  s4: configFromWidths({
    name: 'mobileone_s4',
    widths: [3, 3.5, 3.5, 4],
    branches: 1,
    squeezeExcite: [0, 0, 5, 1],
  }),
}

/**
 * Micro networks that agree with the parameters and MACs printed in Table 13 for mu1 and mu2. The paper publishes
 * neither their layout nor their k, so these are look-alikes, with k = 2; no layout is determined for mu0.
 */
export const microVariants: Readonly<Record<MicroVariant, MobileOneConfig>> = {
  'mu1-like': configFromWidths({
    name: 'mobileone_mu1_like',
    widths: [0.75, 0.75, 0.75, 1],
    blocks: [2, 6, 8, 1],
    branches: 2,
  }),
  'mu2-like': configFromWidths({
    name: 'mobileone_mu2_like',
    widths: [0.75, 1, 1, 1],
    blocks: [2, 6, 8, 1],
    branches: 2,
  }),
}
