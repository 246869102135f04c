import { type Graph, isUnary, mobileone, type Variant, variants } from '@mobileone/core'
import { type ZooName, zooNetwork } from '@mobileone/zoo'

/**
 * The published variant whose layers `model` has, in the same form: convolutions by their channels and kernels, whatever the classes,
 * the input and the names are. Undefined where there is none.
 */
export function variantOf(model: Graph): Variant | undefined {
  const { config } = model
  const found = Object.keys(variants) as Variant[]
  if (config) return found.find((name) => layout(variants[name]) === layout(config))
  const wanted = convolutions(model)
  return found.find((name) => convolutions(mobileone(variants[name], { form: 'deploy' })) === wanted)
}

/** Whether `model` has the layers of the network `name`, in its form. */
export function isOfZoo(model: Graph, name: ZooName): boolean {
  const form = model.nodes.some(({ op }) => op === 'batchNorm') ? 'train' : 'deploy'
  return layers(zooNetwork(name, { form })) === layers(model)
}

/** Convolutions, and the activations between them. */
function layers(graph: Graph): string {
  return convolutions(graph) + graph.nodes.flatMap((node) => (isUnary(node) ? node.op : [])).join()
}

function layout({ stem, stages }: NonNullable<Graph['config']>): string {
  return JSON.stringify([
    stem.channels,
    stages.map(({ blocks, channels, squeezeExcite }) => [blocks, channels, squeezeExcite]),
  ])
}

function convolutions({ nodes, weights }: Graph): string {
  return JSON.stringify(
    nodes.flatMap((node) => {
      if (node.op !== 'conv2d') return []
      const [outputs, , height, width] = weights[node.weight]?.shape ?? []
      return [[outputs, height, width]]
    }),
  )
}
