import { type Graph, type Node, weightRoles } from './model.ts'
import { inferShapes } from './shapes.ts'
import { elementCount } from './tensor.ts'

/** The cost of one node. */
export interface LayerProfile {
  readonly node: string
  readonly op: Node['op']
  readonly outputShape: readonly number[]
  /** Learnable parameters; running statistics are not counted, as in PyTorch's `parameters()`. */
  readonly params: number
  /** Multiply-accumulates of convolutions and linear layers without bias, as fvcore and the paper's "FLOPs" count them. */
  readonly macs: number
  /** Bytes of the value it writes; 0 for a function applied in place (activations, flatten). */
  readonly activationBytes: number
}

export interface Profile {
  readonly params: number
  readonly macs: number
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
      macs: macCount(graph, node, outputShape),
      activationBytes: inPlace(node) ? 0 : elementCount(outputShape) * bytesPerElement,
    }
  })
  const total = (key: 'params' | 'macs' | 'activationBytes'): number =>
    layers.reduce((sum, layer) => sum + layer[key], 0)
  return {
    params: total('params'),
    macs: total('macs'),
    activationBytes: total('activationBytes'),
    peakActivationBytes: peakBytes(graph, shapes),
    layers,
  }
}

function learnableCount(graph: Graph, node: Node): number {
  return weightRoles(node)
    .filter(([role]) => role === 'weight' || role === 'bias')
    .reduce((sum, [, name]) => sum + elementCount(graph.weights[name]?.shape ?? []), 0)
}

function macCount(graph: Graph, node: Node, output: readonly number[]): number {
  if (node.op === 'conv2d') {
    const [, perGroup = 0, kh = 0, kw = 0] = graph.weights[node.weight]?.shape ?? []
    return elementCount(output) * perGroup * kh * kw
  }
  if (node.op === 'linear') return elementCount(output) * (graph.weights[node.weight]?.shape[1] ?? 0)
  return 0
}

function inPlace(node: Node): boolean {
  return (
    node.op === 'relu' ||
    node.op === 'sigmoid' ||
    node.op === 'silu' ||
    node.op === 'gelu' ||
    node.op === 'flatten'
  )
}

/** Values written in place share their input's bytes; a value dies after its last reader. */
function peakBytes(graph: Graph, shapes: Readonly<Record<string, readonly number[]>>): number {
  const storage = new Map<string, string>()
  const find = (name: string): string => storage.get(name) ?? name
  for (const node of graph.nodes) if (inPlace(node)) storage.set(node.name, find(node.inputs[0] as string))

  const lastUse = new Map<string, number>()
  for (const [index, node] of graph.nodes.entries()) {
    lastUse.set(find(node.name), index)
    for (const name of node.inputs) lastUse.set(find(name), index)
  }
  for (const value of Object.values(graph.outputs)) lastUse.set(find(value), graph.nodes.length)

  const bytes = (name: string): number => elementCount(shapes[name] ?? []) * bytesPerElement
  const alive = new Set(Object.keys(graph.inputs))
  let current = [...alive].reduce((sum, name) => sum + bytes(name), 0)
  let peak = current
  for (const [index, node] of graph.nodes.entries()) {
    const target = find(node.name)
    if (!alive.has(target)) {
      alive.add(target)
      current += bytes(target)
    }
    peak = Math.max(peak, current)
    for (const name of alive) {
      if ((lastUse.get(name) ?? -1) <= index) {
        alive.delete(name)
        current -= bytes(name)
      }
    }
  }
  return peak
}
