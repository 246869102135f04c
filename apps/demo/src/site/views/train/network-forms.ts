import { type Graph, initialize, type Model, mobileone, weightRoles } from '@mobileone/core'
import { smallNetwork } from '@mobileone/train'
import type { PreparedData } from './prepared-data.ts'
import type { Settings } from './settings.ts'

/** `branches`: MobileOne as the paper trains it. `plain`: the network it folds into, trained as it is. */
export type NetworkForm = 'branches' | 'plain'

/** The network to train, with its first weights: for both forms the same network once it is folded. */
export function networkOf(form: NetworkForm, settings: Settings, data: PreparedData): Model {
  const graph = mobileone(
    smallNetwork({
      branches: form === 'plain' ? 1 : settings.branches,
      width: settings.width,
      classes: data.labels.length,
      input: { channels: data.channels, size: [data.size, data.size] },
    }),
    { form: 'train' },
  )
  return initialize(form === 'plain' ? withoutBranches(graph) : graph, {
    seed: settings.seed,
    scheme: 'pytorch',
  })
}

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
