import { findUses, type Graph, type Node } from '@mobileone/core'

/** Given `b = sigmoid(a); c = mul(a, b)` where nothing else reads `b`. Result `c = silu(a)`. */
export function fuseSilu<G extends Graph>(graph: G): G {
  const uses = findUses(graph)
  const fused = new Set<string>()
  const nodes = graph.nodes.map((node): Node => {
    if (node.op !== 'mul') return node
    for (const name of node.inputs) {
      const gate = uses.producer(name)
      const value = gate?.op === 'sigmoid' ? gate.inputs[0] : undefined
      if (value === undefined || !node.inputs.includes(value) || uses.soleReader(name) !== node) continue
      fused.add(name)
      return { op: 'silu', name: node.name, inputs: [value] }
    }
    return node
  })
  return { ...graph, nodes: nodes.filter(({ name }) => !fused.has(name)) }
}
