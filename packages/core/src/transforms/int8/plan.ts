/** Which layers of a network can be computed in int8, which are stored in it, which stay float, and why. */
import type { Conv2d, Graph, Linear, Node } from '../../model/model.ts'
import { weightRoles } from '../../model/ops.ts'
import { elementCount, type Weight } from '../../model/tensor.ts'
import { findUses, type Uses } from '../../model/uses.ts'
import { floatWeight } from '../../model/weights.ts'

/**
 * `int8`: computed in integers. `weights`: weights stored as int8, computed in float32. `float`: weights of two axes and more rounded to
 * float16, vectors as they are.
 */
export type LayerKind = 'int8' | 'weights' | 'float'

/** What becomes of one node that reads weights. */
export interface LayerPlan {
  readonly node: Node
  readonly kind: LayerKind
  /** Why it is not computed in integers. */
  readonly reason?: string
}

/**
 * Layers with no more than this share of the weights, together, keep float16: the first and smallest layers of S0 have 0.5 % of its weights
 * and make a fifth of what rounding all of them to int8 adds to its logits.
 */
const smallShare = 0.01

/** A node whose weight can be stored as int8. */
export type Layer = Conv2d | Linear

/** The plan of every node that reads weights, in order. @param activations Whether layers may be computed in integers at all. */
export function planLayers(graph: Graph<Weight>, activations: boolean): readonly LayerPlan[] {
  const uses = findUses(graph)
  const positive = nonNegativeValues(graph)
  const plans = graph.nodes
    .filter((node) => weightRoles(node).length > 0)
    .map((node): LayerPlan => {
      if (node.op !== 'conv2d' && node.op !== 'linear') {
        return { node, kind: 'float', reason: `${node.op} has no int8 form` }
      }
      const reason = floatReason(graph, uses, node)
      if (reason !== undefined) return { node, kind: 'float', reason }
      if (!activations) return { node, kind: 'weights', reason: 'weights only' }
      const obstacle = integerObstacle(graph, uses, positive, node)
      return obstacle === undefined ? { node, kind: 'int8' } : { node, kind: 'weights', reason: obstacle }
    })
  const planned = withSmallFloat(graph, plans)
  const ofFloat = new Set(
    planned.flatMap(({ node, kind }) => (kind === 'float' && isLayer(node) ? node.weight : [])),
  )
  return planned.map((plan) =>
    plan.kind !== 'float' && isLayer(plan.node) && ofFloat.has(plan.node.weight)
      ? { node: plan.node, kind: 'float', reason: 'shares its weight with a layer that stays float' }
      : plan,
  )
}

/** `plans` with the layers of the fewest weights float, of those whose weights alone would be int8. */
function withSmallFloat(graph: Graph<Weight>, plans: readonly LayerPlan[]): readonly LayerPlan[] {
  const sizeOf = ({ node }: LayerPlan): number =>
    elementCount(graph.weights[(node as Layer).weight]?.shape ?? [])
  const stored = plans.filter(({ kind }) => kind === 'weights').sort((a, b) => sizeOf(a) - sizeOf(b))
  let left = smallShare * stored.reduce((sum, plan) => sum + sizeOf(plan), 0)
  const small = new Set(stored.filter((plan) => (left -= sizeOf(plan)) >= 0))
  return plans.map((plan) =>
    small.has(plan) ? { node: plan.node, kind: 'float', reason: 'too few weights to save by' } : plan,
  )
}

function floatReason(graph: Graph<Weight>, uses: Uses, node: Layer): string | undefined {
  const others = uses.weightReaders(node.weight).filter((reader) => !('weight' in reader && isLayer(reader)))
  if (others.length > 0) return `shares its weight with ${others.map(({ op }) => op).join(', ')}`
  if (node.op === 'linear') return undefined
  if (Object.hasOwn(graph.inputs, node.inputs[0])) return 'reads the input of the network'
  const [, depth] = graph.weights[node.weight]?.shape ?? []
  return node.groups > 1 && depth === 1 ? 'depthwise' : undefined
}

function integerObstacle(
  graph: Graph<Weight>,
  uses: Uses,
  positive: ReadonlySet<string>,
  node: Layer,
): string | undefined {
  if (node.op === 'linear') return 'linear'
  const { shape = [] } = graph.weights[node.weight] ?? {}
  if (elementCount(shape.slice(2)) !== 1) return `${shape[2]}x${shape[3]} kernel`
  if (node.groups !== 1) return `${node.groups} groups`
  if (node.padding.some((size) => size !== 0)) return 'padded'
  if (uses.weightReaders(node.weight).length > 1) return 'shares its weight'
  if (!positive.has(node.inputs[0])) return 'its input may be negative'
  return undefined
}

function isLayer(node: Node): node is Layer {
  return node.op === 'conv2d' || node.op === 'linear'
}

/** The values of which no element is ever below zero. */
export function nonNegativeValues(graph: Graph<Weight>): ReadonlySet<string> {
  const found = new Set<string>()
  for (const node of graph.nodes) {
    if (
      isNonNegative(
        graph,
        node,
        node.inputs.map((name) => found.has(name)),
      )
    )
      found.add(node.name)
  }
  return found
}

function isNonNegative(graph: Graph<Weight>, node: Node, inputs: readonly boolean[]): boolean {
  const all = inputs.every(Boolean)
  switch (node.op) {
    case 'relu':
    case 'relu6':
    case 'sigmoid':
    case 'hardSigmoid':
    case 'softmax':
      return true
    case 'maximum':
      return inputs.some(Boolean)
    case 'add':
    case 'mul':
    case 'concat':
    case 'globalAvgPool':
    case 'maxPool':
    case 'upsample':
    case 'slice':
    case 'channelShuffle':
    case 'flatten':
    case 'reshape':
    case 'transpose':
      return all
    case 'matmul':
      return all && (node.scale ?? 1) >= 0
    case 'affine':
      return all && node.scale >= 0 && node.offset >= 0
    case 'parameter':
      return floatWeight(graph, node.weight).data.every((value) => value >= 0)
    case 'conv2d':
    case 'batchNorm':
    case 'linear':
    case 'layerNorm':
    case 'silu':
    case 'hardSwish':
    case 'gelu':
      return false
    default:
      node satisfies never
      return false
  }
}
