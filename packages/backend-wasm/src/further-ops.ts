/** The ops that a convolutional classifier does not have, loaded where a model has one. */
import type { Node } from '@mobileone/core'
import { BlendPlanner } from './blend-steps.ts'
import { MovePlanner } from './moves.ts'
import type { Planning } from './planning.ts'
import { ResizePlanner } from './resize.ts'
import { TokenPlanner } from './tokens.ts'
import { ViewTable } from './views.ts'

type FurtherNode = Extract<
  Node,
  {
    readonly op:
      | 'add'
      | 'mul'
      | 'affine'
      | 'maximum'
      | 'flatten'
      | 'reshape'
      | 'transpose'
      | 'parameter'
      | 'concat'
      | 'slice'
      | 'channelShuffle'
      | 'maxPool'
      | 'upsample'
      | 'softmax'
      | 'layerNorm'
      | 'matmul'
  }
>

export interface FurtherOps {
  readonly values: ViewTable
  add(node: FurtherNode): void
}

export type PlanFurther = (plan: Planning) => FurtherOps

export const planFurther: PlanFurther = (planning) => {
  const { model, shapes, uses, program } = planning
  const values = new ViewTable(model.inputs, shapes, uses, program)
  const plan = { ...planning, values }
  const [moves, tokens, sizes] = [new MovePlanner(plan), new TokenPlanner(plan), new ResizePlanner(plan)]
  const blends = new BlendPlanner(plan)
  for (const node of model.nodes) {
    if (node.op === 'concat' && !plan.fused.has(node.name)) moves.findHomes(node)
  }
  return {
    values,
    add(node) {
      switch (node.op) {
        case 'add':
        case 'mul':
          return blends.broadcast(node)
        case 'affine':
          return blends.affine(node)
        case 'maximum':
          return blends.maximum(node)
        case 'flatten':
        case 'reshape':
          return moves.reshape(node)
        case 'transpose':
          return moves.transpose(node)
        case 'parameter':
          return moves.parameter(node)
        case 'concat':
          return moves.concat(node)
        case 'slice':
          return moves.slice(node)
        case 'channelShuffle':
          return moves.channelShuffle(node)
        case 'maxPool':
          return sizes.maxPool(node)
        case 'upsample':
          return sizes.upsample(node)
        case 'softmax':
          return tokens.softmax(node)
        case 'layerNorm':
          return tokens.layerNorm(node)
        case 'matmul':
          return tokens.matmul(node)
        default:
          node satisfies never
      }
    },
  }
}
