import {
  elementCount,
  findUses,
  type Graph,
  inferShapes,
  isUnary,
  type Node,
  weightRoles,
} from '@mobileone/core'

/** What one layer of a run moves, by the logical sizes: every weight and every value once, whatever a cache saves or a kernel reads again. */
export interface LayerTraffic {
  /** The node that the steps of the backend name. */
  readonly node: string
  readonly op: Node['op']
  /** All nodes that it computes, in the order of the graph: what a backend fuses has no step of its own. */
  readonly nodes: readonly string[]
  /** Bytes of its weights in their element type. */
  readonly weightBytes: number
  /** Bytes of the float32 values it reads that other layers made. */
  readonly readBytes: number
  /** Bytes of the float32 values it writes that other layers read or an output shows. */
  readonly writtenBytes: number
}

/** {@link LayerTraffic} beside the time. */
export interface LayerCost extends LayerTraffic {
  readonly ms: number
}

/**
 * The memory traffic of each layer that a backend runs: `steps` are those of an executor of `graph`, or the times of one. A node without a
 * step goes with what it was fused into: a function of one value and a reshape with the node before it, any other with the first that reads it.
 * A backend that moves nothing for a node, such as a slice read in place, has no row for it.
 */
export function layerTraffic(
  graph: Graph,
  steps: readonly { readonly node: string }[],
): readonly LayerTraffic[] {
  const shapes = inferShapes(graph)
  const uses = findUses(graph)
  const named = new Set(steps.map(({ node }) => node))
  const heads = new Map<string, string>()
  for (const node of graph.nodes) {
    if (named.has(node.name)) heads.set(node.name, node.name)
    else if (followsItsInput(node)) setHead(node.name, heads.get(node.inputs[0] as string))
  }
  for (const node of graph.nodes.toReversed()) {
    if (heads.has(node.name)) continue
    const reader = uses.readers(node.name).find(({ name }) => heads.has(name))
    setHead(node.name, reader && heads.get(reader.name))
  }
  const layers = new Map<string, Node[]>()
  for (const node of graph.nodes) {
    const head = heads.get(node.name)
    if (head !== undefined) layers.set(head, [...(layers.get(head) ?? []), node])
  }
  const bytes = (values: Iterable<string>): number =>
    [...new Set(values)].reduce((sum, value) => sum + 4 * elementCount(shapes[value] ?? []), 0)

  return [...layers].map(([head, nodes]) => {
    const within = new Set(nodes.map(({ name }) => name))
    const weights = new Set(nodes.flatMap((node) => weightRoles(node).map(([, name]) => name)))
    const isRead = (value: string): boolean =>
      uses.isOutput(value) || uses.readers(value).some(({ name }) => !within.has(name))
    return {
      node: head,
      op: (uses.producer(head) as Node).op,
      nodes: [...within],
      weightBytes: [...weights].reduce((sum, name) => sum + weightBytes(graph, name), 0),
      readBytes: bytes(nodes.flatMap(({ inputs }) => inputs.filter((value) => !within.has(value)))),
      writtenBytes: bytes([...within].filter(isRead)),
    }
  })

  function setHead(name: string, head: string | undefined): void {
    if (head !== undefined) heads.set(name, head)
  }
}

/**
 * The layers of a profile with their traffic, in the order of the graph: `times` are the `layers` of `classifier.profile()`, or what
 * `executor.profile` gives with the names of the steps. Steps of one node are summed up; those of none, such as another layout, are left out.
 */
export function layerCosts(
  graph: Graph,
  times: readonly { readonly node: string; readonly ms: number }[],
): readonly LayerCost[] {
  const spent = new Map<string, number>()
  for (const { node, ms } of times) spent.set(node, (spent.get(node) ?? 0) + ms)
  return layerTraffic(graph, times).map((layer) => ({ ...layer, ms: spent.get(layer.node) ?? 0 }))
}

function followsItsInput(node: Node): boolean {
  return isUnary(node) || node.op === 'flatten' || node.op === 'reshape'
}

function weightBytes(graph: Graph, name: string): number {
  const weight = graph.weights[name]
  if (!weight) return 0
  const { dtype, shape } = weight as { readonly dtype: string; readonly shape: readonly number[] }
  return elementCount(shape) * (dtype === 'int8' ? 1 : 4)
}
