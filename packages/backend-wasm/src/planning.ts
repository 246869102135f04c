import type { GraphUses, Model, Node, Shapes } from '@mobileone/core'
import type { Tuning } from './choose.ts'
import type { Constant, Program } from './program.ts'

/** What a kernel applies to its results, and the value that then holds them. */
export interface Activation {
  readonly result: string
  readonly code: number
  readonly suffix: string
}

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
  /** The function of one value, one of `codes`, by default any, that alone reads what `node` makes. */
  readonly activation: (node: Node, codes?: Readonly<Record<string, number>>) => Activation
}
