import type { BranchLayer, FoldStage } from './fold-blocks.ts'

const conv = (size: number, hasBias = false): BranchLayer => ({
  kind: 'conv',
  kernel: [size, size],
  isDepthwise: false,
  hasBias,
})
const norm: BranchLayer = { kind: 'norm' }
const cost = { nodes: 0, params: 0, macs: 0 }

/** A block of the paper's S0 before and after, for visitors who have not opened anything; its costs are not shown. */
export const sampleStages: readonly FoldStage[] = [
  {
    rewrite: undefined,
    branches: [[conv(3), norm], [conv(3), norm], [conv(1), norm], [norm]],
    cost,
  },
  { rewrite: 'merge', branches: [[conv(3, true)]], cost },
]
