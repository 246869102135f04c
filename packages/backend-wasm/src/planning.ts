import type { GraphUses, Model, Shapes } from '@mobileone/core'
import type { Tuning } from './choose.ts'
import type { Constant, Program } from './program.ts'

/** What the steps of a plan are made with. */
export interface Planning {
  readonly model: Model
  readonly shapes: Shapes
  readonly uses: GraphUses
  readonly tuning: Tuning
  readonly program: Program
  /** Nodes that another node's step computes. */
  readonly fused: Set<string>
  readonly zeros: Constant
}
