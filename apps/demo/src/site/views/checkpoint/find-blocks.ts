import { findUses, type Graph, type LayerProfile, type Node, profile } from '@mobileone/core'

/** One of the parallel paths of a block as it is trained. */
export interface Branch {
  /** `conv`: the kernel of the block; `scale`: a smaller one; `skip`: a batch normalisation alone. */
  readonly kind: 'conv' | 'scale' | 'skip'
  /** Height and width; of a skip 1 by 1, which is what it folds into. */
  readonly kernel: readonly [number, number]
  readonly hasBatchNorm: boolean
  readonly params: number
}

/** A convolution of the folded network, and what it was before. */
export interface Block {
  /** Of the node, the same in both forms. */
  readonly name: string
  readonly branches: readonly Branch[]
  readonly kernel: readonly [number, number]
  readonly stride: readonly [number, number]
  readonly kind: 'dense' | 'depthwise' | 'pointwise' | 'grouped'
  readonly channels: readonly [input: number, output: number]
  /** Height and width of what it writes. */
  readonly output: readonly [number, number]
  /** As trained, and folded. */
  readonly nodes: readonly [number, number]
  readonly params: readonly [number, number]
  readonly macs: readonly [number, number]
}

/**
 * The convolutions of `folded`, in their order, each with the branches that `trained` has in its place. Names of values tell which
 * belong together: folding keeps that of the sum.
 */
export function findBlocks(trained: Graph, folded: Graph): Block[] {
  const uses = findUses(trained)
  const before = new Map(profile(trained).layers.map((layer) => [layer.node, layer]))
  return profile(folded).layers.flatMap((layer) => {
    const conv = folded.nodes.find(({ name }) => name === layer.node)
    if (conv?.op !== 'conv2d') return []
    const shape = folded.weights[conv.weight]?.shape ?? []
    const [outChannels = 0, perGroup = 0, height = 1, width = 1] = shape
    const inChannels = perGroup * conv.groups
    const paths = pathsTo(layer.node, (name) => uses.producer(name))
    const branches = paths.map((path): Branch => {
      const own = path.find(({ op }) => op === 'conv2d')
      const [, , ownHeight = 1, ownWidth = 1] =
        own?.op === 'conv2d' ? (trained.weights[own.weight]?.shape ?? []) : []
      const kind = !own ? 'skip' : ownHeight < height || ownWidth < width ? 'scale' : 'conv'
      return {
        kind,
        kernel: [ownHeight, ownWidth],
        hasBatchNorm: path.some(({ op }) => op === 'batchNorm'),
        params: sum(path, before, 'params'),
      }
    })
    const all = [...new Set(paths.flat())]
    const adds = Math.max(0, branches.length - 1)
    return [
      {
        name: layer.node,
        branches,
        kernel: [height, width],
        stride: conv.stride,
        kind:
          conv.groups > 1
            ? conv.groups === inChannels && inChannels === outChannels
              ? 'depthwise'
              : 'grouped'
            : height * width === 1
              ? 'pointwise'
              : 'dense',
        channels: [inChannels, outChannels],
        output: [layer.outputShape[2] ?? 1, layer.outputShape[3] ?? 1],
        nodes: [all.length + adds, 1],
        params: [sum(all, before, 'params'), layer.params],
        macs: [sum(all, before, 'macs'), layer.macs],
      } satisfies Block,
    ]
  })
}

/** The linear paths whose sum is the value `name`: each the nodes from its end towards the input of the block. */
function pathsTo(name: string, producer: (name: string) => Node | undefined): Node[][] {
  const node = producer(name)
  if (node?.op === 'add') return node.inputs.flatMap((input) => pathsTo(input, producer))
  if (node?.op === 'conv2d') return [[node]]
  if (node?.op !== 'batchNorm') return node ? [[node]] : []
  const before = producer(node.inputs[0])
  return [before?.op === 'conv2d' ? [node, before] : [node]]
}

function sum(
  nodes: readonly Node[],
  layers: ReadonlyMap<string, LayerProfile>,
  key: 'params' | 'macs',
): number {
  return nodes.reduce((total, { name }) => total + (layers.get(name)?.[key] ?? 0), 0)
}
