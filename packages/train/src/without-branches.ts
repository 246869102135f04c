import { type Graph, weightRoles } from '@mobileone/core'

/**
 * Given a train-form MobileOne with one branch a block, result the plain network: of each block its convolution, batch normalisation
 * and activation, without the 1x1 branch and the skip beside them.
 */
export function withoutBranches(graph: Graph): Graph {
  const sums = new Set(graph.nodes.filter(({ op }) => op === 'add').map(({ name }) => name))
  const nodes = graph.nodes
    .filter(({ name, op }) => op !== 'add' && !/\.(scale|scale\.bn|skip)$/.test(name))
    .map((node) => {
      const block = node.name.replace(/\.conv\.0\.bn$/, '')
      return block !== node.name && sums.has(block) ? { ...node, name: block } : node
    })
  const used = new Set(nodes.flatMap(weightRoles).map(([, name]) => name))
  const weights = Object.fromEntries(Object.entries(graph.weights).filter(([name]) => used.has(name)))
  // It is no network that a configuration describes any more, so files of it have to carry the graph.
  const { config: _, ...rest } = graph
  return { ...rest, name: `${graph.name}-plain`, nodes, weights }
}
