import { type Node, type Tensor, weightRoles } from '@mobileone/core'

/** Given `b = sigmoid(a); c = mul(a, b)` where nothing else reads `b`. Result `c = silu(a)`. */
export function fuseSilu(nodes: readonly Node[], shown: ReadonlySet<string>): readonly Node[] {
  const reads = new Map<string, number>()
  for (const { inputs } of nodes) for (const name of inputs) reads.set(name, (reads.get(name) ?? 0) + 1)
  const sigmoids = new Map(
    nodes.flatMap((node) => (node.op === 'sigmoid' ? [[node.name, node.inputs[0]]] : [])),
  )
  const fused = new Set<string>()
  const result = nodes.map((node): Node => {
    if (node.op !== 'mul') return node
    const [a, b] = node.inputs
    for (const [value, gate] of [
      [a, b],
      [b, a],
    ] as const) {
      if (sigmoids.get(gate) !== value || reads.get(gate) !== 1 || shown.has(gate)) continue
      fused.add(gate)
      return { op: 'silu', name: node.name, inputs: [value] }
    }
    return node
  })
  return result.filter(({ name }) => !fused.has(name))
}

/** The nodes that some output needs, and their weights. */
export function withoutUnused(
  nodes: readonly Node[],
  weights: ReadonlyMap<string, Tensor>,
  shown: ReadonlySet<string>,
): { readonly nodes: readonly Node[]; readonly weights: ReadonlyMap<string, Tensor> } {
  const needed = new Set(shown)
  const kept = nodes
    .toReversed()
    .filter((node) => {
      if (!needed.has(node.name)) return false
      for (const input of node.inputs) needed.add(input)
      return true
    })
    .reverse()
  const used = new Set(kept.flatMap((node) => weightRoles(node).map(([, name]) => name)))
  return { nodes: kept, weights: new Map([...weights].filter(([name]) => used.has(name))) }
}
