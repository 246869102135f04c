import type { Graph, Node } from './model.ts'
import { opFacts, weightRoles } from './ops.ts'
import { inferShapes } from './shapes.ts'
import { elementCount, type TensorSpec, type Weight } from './tensor.ts'
import { findUses } from './uses.ts'

/** The cost of one node. */
export interface LayerProfile {
  readonly node: string
  readonly op: Node['op']
  readonly outputShape: readonly number[]
  /** Learnable parameters; running statistics are not counted, as in PyTorch's `parameters()`. */
  readonly params: number
  /** Bytes of all its weights as the model holds them: of int8 ones a byte an element, and their scales, steps and diagonal. */
  readonly weightBytes: number
  /** Multiply-accumulates of convolutions and linear layers without bias, as fvcore and the paper's "FLOPs" count them. */
  readonly macs: number
  /** Multiply-accumulates of a product of two values, as in attention, which `macs` leaves out. */
  readonly matmulMacs: number
  /** Bytes of the value it writes; 0 for a function applied in place (activations, flatten). */
  readonly activationBytes: number
}

/** What a network costs by its shapes alone, before any backend has seen it. */
export interface Profile {
  /** Elements of the learnable weights. */
  readonly params: number
  /** Bytes of the weights as the model holds them, those that several layers read counted once. */
  readonly weightBytes: number
  /** Multiply-accumulates of convolutions and linear layers of a run at the model's own input shape. */
  readonly macs: number
  /** Those of products of two values, as in attention, which come on top. */
  readonly matmulMacs: number
  /** Sum over the layers: what a run writes to memory. */
  readonly activationBytes: number
  /** The most bytes of values alive at one moment, inputs and outputs included: the least an arena must hold. */
  readonly peakActivationBytes: number
  readonly layers: readonly LayerProfile[]
}

const bytesPerElement = 4

/** Parameters, MACs and activation bytes of `graph`, per layer and in total, at the graph's own input shapes. */
export function profile(graph: Graph): Profile {
  const shapes = inferShapes(graph)
  const layers = graph.nodes.map((node): LayerProfile => {
    const outputShape = shapes[node.name] as readonly number[]
    return {
      node: node.name,
      op: node.op,
      outputShape,
      params: learnableCount(graph, node),
      weightBytes: weightRoles(node).reduce((sum, [, name]) => sum + bytesOf(graph.weights[name]), 0),
      macs: macCount(graph, node, outputShape),
      matmulMacs:
        node.op === 'matmul' ? elementCount(outputShape) * (shapes[node.inputs[0]]?.at(-1) ?? 0) : 0,
      activationBytes: opFacts(node).inPlace ? 0 : elementCount(outputShape) * bytesPerElement,
    }
  })
  const total = (key: 'params' | 'macs' | 'matmulMacs' | 'activationBytes'): number =>
    layers.reduce((sum, layer) => sum + layer[key], 0)
  return {
    params: total('params'),
    weightBytes: Object.values(graph.weights).reduce((sum, weight) => sum + bytesOf(weight), 0),
    macs: total('macs'),
    matmulMacs: total('matmulMacs'),
    activationBytes: total('activationBytes'),
    peakActivationBytes: peakBytes(graph, shapes),
    layers,
  }
}

function learnableCount(graph: Graph, node: Node): number {
  const learnable = new Set<string>(
    opFacts(node).weights.flatMap(({ role, learnable }) => (learnable ? role : [])),
  )
  return weightRoles(node)
    .filter(([role]) => learnable.has(role))
    .reduce((sum, [, name]) => sum + elementCount(graph.weights[name]?.shape ?? []), 0)
}

const elementBytes = { float32: 4, float64: 8, int8: 1 } as const

function bytesOf(weight: TensorSpec | Weight | undefined): number {
  if (!weight) return 0
  const bytes = elementCount(weight.shape) * elementBytes[weight.dtype]
  if (weight.dtype !== 'int8' || !('scales' in weight)) return bytes
  const { scales, zeroPoints, diagonal, inputSteps } = weight
  return [scales, zeroPoints, diagonal, inputSteps].reduce(
    (sum, part) => sum + (part?.byteLength ?? 0),
    bytes,
  )
}

function macCount(graph: Graph, node: Node, output: readonly number[]): number {
  if (!opFacts(node).accumulates) return 0
  const [, weight = ''] = weightRoles(node).find(([role]) => role === 'weight') ?? []
  return elementCount(output) * elementCount((graph.weights[weight]?.shape ?? []).slice(1))
}

/** Values written in place share their input's bytes; a value dies after its last reader. */
function peakBytes(graph: Graph, shapes: Readonly<Record<string, readonly number[]>>): number {
  const uses = findUses(graph)
  const storage = new Map<string, string>()
  const find = (name: string): string => storage.get(name) ?? name
  const lastUse = new Map<string, number>()
  const use = (name: string): void => {
    lastUse.set(find(name), Math.max(uses.lastUse(name), lastUse.get(find(name)) ?? -1))
  }
  Object.keys(graph.inputs).forEach(use)
  for (const node of graph.nodes) {
    if (opFacts(node).inPlace) storage.set(node.name, find(node.inputs[0] as string))
    use(node.name)
  }
  const dying = new Map<number, string[]>()
  for (const [name, index] of lastUse) dying.set(index, [...(dying.get(index) ?? []), name])

  const bytes = (name: string): number => elementCount(shapes[name] ?? []) * bytesPerElement
  let current = Object.keys(graph.inputs).reduce((sum, name) => sum + bytes(name), 0)
  let peak = current
  for (const [index, node] of graph.nodes.entries()) {
    if (!storage.has(node.name)) current += bytes(node.name)
    peak = Math.max(peak, current)
    for (const name of dying.get(index) ?? []) current -= bytes(name)
  }
  return peak
}
