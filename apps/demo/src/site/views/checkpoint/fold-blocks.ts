import {
  type Backend,
  batchNormToConv,
  type Conv2d,
  compareModels,
  expandKernel,
  findUses,
  foldBatchNorm,
  type Graph,
  inferShapes,
  type LayerProfile,
  type Model,
  mergeParallelConvs,
  type Node,
  profile,
  type Rewrite,
  roundToFloat32,
  spec,
  splitBatchNorm,
  type WideModel,
  weightRoles,
} from '@mobileone/core'

/** What a part of a network costs. */
export interface Cost {
  readonly nodes: number
  readonly params: number
  /** Multiply-adds of one run. */
  readonly macs: number
}

/** A part of a network as it was trained that became one layer of the folded one. */
export interface FoldedBlock {
  /** The value that both make. */
  readonly name: string
  readonly input: readonly number[]
  readonly output: readonly number[]
  readonly branches: number
  readonly trained: Cost
  readonly folded: Cost
}

/** A layer of a branch, as it is drawn. */
export type BranchLayer =
  | {
      readonly kind: 'conv'
      readonly kernel: readonly [height: number, width: number]
      /** Each channel has a filter of its own. */
      readonly isDepthwise: boolean
      readonly hasBias: boolean
    }
  | { readonly kind: 'linear'; readonly hasBias: boolean }
  | { readonly kind: 'norm' }

/** A block between two rewrites: what is added up. */
export interface FoldStage {
  readonly rewrite: RewriteName | undefined
  /** Layers of each branch from the input on. */
  readonly branches: readonly (readonly BranchLayer[])[]
  readonly cost: Cost
}

export type RewriteName = 'split' | 'identity' | 'norm' | 'expand' | 'merge'

/** How far a folded block is from the one that was trained, on random values. */
export interface FoldError {
  readonly maxAbsError: number
  readonly maxAbsValue: number
}

/** The parts of `trained` that one convolution or linear layer of `folded` stands for, in the order they run. */
export function findBlocks(trained: Graph, folded: Graph): FoldedBlock[] {
  const shapes = inferShapes(trained)
  const costs = layerCosts(trained)
  const foldedCosts = layerCosts(folded)
  return folded.nodes.flatMap((node): FoldedBlock[] => {
    if (node.op !== 'conv2d' && node.op !== 'linear') return []
    const part = partBetween(trained, node.inputs[0], node.name)
    if (!part || part.length < 2) return []
    return [
      {
        name: node.name,
        input: shapes[node.inputs[0]] ?? [],
        output: shapes[node.name] ?? [],
        branches: branchesOf(part, node.name).length,
        trained: sumCosts(part.map(({ name }) => costs.get(name))),
        folded: sumCosts([foldedCosts.get(node.name)]),
      },
    ]
  })
}

/** The block as a network of its own. `name` is that of {@link findBlocks}. */
export function blockModel(trained: Model, folded: Graph, name: string): Model {
  const [input] = folded.nodes.find((node) => node.name === name)?.inputs ?? []
  const nodes = partBetween(trained, input ?? '', name) ?? []
  const used = nodes.flatMap((node) => weightRoles(node).map(([, weight]) => weight))
  return {
    name,
    inputs: { [input ?? '']: spec(inferShapes(trained)[input ?? ''] ?? []) },
    nodes,
    outputs: { [name]: name },
    weights: Object.fromEntries(used.map((weight) => [weight, trained.weights[weight] as never])),
  }
}

const steps: readonly (readonly [RewriteName, readonly Rewrite[]])[] = [
  ['split', [splitBatchNorm]],
  ['identity', [batchNormToConv]],
  ['norm', [foldBatchNorm]],
  ['expand', [expandKernel]],
  ['merge', [mergeParallelConvs, expandKernel]],
]

/** `block` as trained, and after each rewrite that changes it; the last is what runs. */
export function foldStages(block: Model): FoldStage[] {
  const [output = ''] = Object.values(block.outputs)
  const first = stageOf(block, output, undefined)
  const stages = [first]
  // Which branch stands where does not change until branches are merged.
  const order = first.branches
    .map((branch, index) => ({ index, size: kernelSize(branch) }))
    .sort((a, b) => b.size - a.size)
    .map(({ index }) => index)
  let current: WideModel = block
  for (const [name, rewrites] of steps) {
    const next = untilStill(current, rewrites)
    if (next !== current) stages.push(stageOf(next, output, name))
    current = next
  }
  return stages.map((stage) => {
    if (stage.branches.length !== order.length) return stage
    return { ...stage, branches: order.map((index) => stage.branches[index] ?? []) }
  })
}

/** Run `block` as trained and folded on `backend`. */
export async function blockError(block: Model, folded: Model, backend: Backend): Promise<FoldError> {
  const { maxAbsError, maxAbsValue } = await compareModels(block, folded, { backend, runs: 1 })
  return { maxAbsError, maxAbsValue }
}

export function costOf(graph: Graph): Cost {
  const { params, macs } = profile(graph)
  return { nodes: graph.nodes.length, params, macs }
}

/** The rewrites in turn, until none of them changes the number of nodes or of weights. */
function untilStill(from: WideModel, rewrites: readonly Rewrite[]): WideModel {
  let current = from
  for (let goesOn = true; goesOn; ) {
    goesOn = false
    for (const rewrite of rewrites) {
      const next = rewrite(current)
      if (outline(next) === outline(current)) continue
      current = next
      goesOn = true
    }
  }
  return current
}

function outline({ nodes, weights }: WideModel): string {
  const shapes = Object.values(weights).map(({ shape }) => shape.join('x'))
  return [...nodes.map(({ op, name }) => `${op} ${name}`), ...shapes].join()
}

function stageOf(model: WideModel, output: string, rewrite: RewriteName | undefined): FoldStage {
  const graph = roundToFloat32(model)
  return {
    rewrite,
    branches: branchesOf(graph.nodes, output).map((branch) => branch.map((node) => layerOf(graph, node))),
    cost: costOf(graph),
  }
}

function layerOf(graph: Graph, node: Node): BranchLayer {
  if (node.op === 'batchNorm') return { kind: 'norm' }
  if (node.op === 'linear') return { kind: 'linear', hasBias: node.bias !== undefined }
  const { weight, groups, bias } = node as Conv2d
  const [channels = 1, perGroup = 1, height = 1, width = 1] = graph.weights[weight]?.shape ?? []
  return {
    kind: 'conv',
    kernel: [height, width],
    isDepthwise: groups > 1 && perGroup === 1 && groups === channels,
    hasBias: bias !== undefined,
  }
}

function kernelSize(branch: readonly BranchLayer[]): number {
  return branch.reduce((size, layer) => (layer.kind === 'conv' ? size + layer.kernel[0] : size), 0)
}

/** What is added up to `output`, as chains of nodes from the input on. */
function branchesOf(nodes: readonly Node[], output: string): readonly (readonly Node[])[] {
  const made = new Map(nodes.map((node) => [node.name, node]))
  const follow = (value: string): readonly (readonly Node[])[] => {
    let at = made.get(value)
    if (at?.op === 'add') return at.inputs.flatMap(follow)
    const chain: Node[] = []
    for (; at && at.op !== 'add'; at = made.get(at.inputs[0] as string)) chain.unshift(at)
    return [chain]
  }
  return follow(output)
}

/** The nodes that make `to` of `from` alone, all of them linear and with the same statistics at every run; undefined where others do. */
function partBetween(graph: Graph, from: string, to: string): readonly Node[] | undefined {
  const uses = findUses(graph)
  const found = new Set<string>()
  const pending = [to]
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === from || found.has(name)) continue
    const node = uses.producer(name)
    if (!node || !isFoldable(node)) return undefined
    found.add(name)
    pending.push(...node.inputs)
  }
  return graph.nodes.filter(({ name }) => found.has(name))
}

function isFoldable({ op }: Node): boolean {
  return op === 'conv2d' || op === 'linear' || op === 'batchNorm' || op === 'add'
}

function layerCosts(graph: Graph): ReadonlyMap<string, LayerProfile> {
  return new Map(profile(graph).layers.map((layer) => [layer.node, layer]))
}

function sumCosts(layers: readonly (LayerProfile | undefined)[]): Cost {
  return {
    nodes: layers.length,
    params: layers.reduce((sum, layer) => sum + (layer?.params ?? 0), 0),
    macs: layers.reduce((sum, layer) => sum + (layer?.macs ?? 0), 0),
  }
}
