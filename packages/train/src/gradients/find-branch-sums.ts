import {
  type BatchNorm,
  type Conv2d,
  findUses,
  floatWeight,
  type Model,
  type Node,
  sameShape,
} from '@mobileone/core'

/** One term of a sum: batch normalisation of the input, or of a convolution of it. */
export interface Branch {
  readonly conv?: Conv2d
  /** Height and width of its kernel, 0 without a convolution. */
  readonly size: number
  readonly batchNorm: BatchNorm
}

/** A sum of batch-normalised convolutions of one value: what a MobileOne block is before its activation. */
export interface BranchSum {
  readonly kind: 'branches'
  /** Of the value it makes. */
  readonly name: string
  readonly input: string
  readonly branches: readonly Branch[]
  /** Common to all branches, which the smaller kernels are padded to. */
  readonly geometry: {
    readonly inChannels: number
    readonly outChannels: number
    readonly kernel: number
    readonly stride: readonly [number, number]
    readonly groups: number
    readonly epsilon: number
  }
  /** The ReLU that follows, taken in. */
  readonly relu: boolean
}

export interface PlainNode {
  readonly kind: 'node'
  readonly name: string
  readonly node: Node
}

export type Unit = BranchSum | PlainNode

/**
 * The nodes of `model` with every sum of parallel branches as one unit, if all its convolutions see the input through the
 * same window (odd square kernels, padding that centres them, one stride, one number of groups) and `accepts` takes it.
 */
export function findBranchSums(
  model: Model,
  accepts: (sum: BranchSum) => boolean = () => true,
): readonly Unit[] {
  const { producer, soleReader } = findUses(model)
  const absorbed = new Set<string>()
  const sums = new Map<string, BranchSum>()

  for (const node of model.nodes.toReversed()) {
    if (absorbed.has(node.name) || sums.has(node.name)) continue
    const relu = node.op === 'relu' ? producer(node.inputs[0]) : undefined
    const root = relu && soleReader(relu.name) ? relu : node
    const taken: string[] = root === node ? [] : [root.name]
    const branches = collect(root)
    const sum = branches && asSum(model, node.name, branches, root !== node)
    if (!sum || !accepts(sum)) continue
    sums.set(node.name, sum)
    for (const name of taken) absorbed.add(name)

    function collect(term: Node): Branch[] | undefined {
      if (term.op === 'batchNorm') {
        const conv = producer(term.inputs[0])
        if (conv?.op !== 'conv2d' || !soleReader(conv.name) || conv.bias !== undefined)
          return [{ size: 0, batchNorm: term }]
        taken.push(conv.name)
        return [{ conv, size: floatWeight(model, conv.weight).shape[2] as number, batchNorm: term }]
      }
      if (term.op !== 'add') return undefined
      const parts: Branch[] = []
      for (const name of term.inputs) {
        const part = producer(name)
        const found = part && soleReader(name) ? collect(part) : undefined
        if (!found) return undefined
        taken.push(name)
        parts.push(...found)
      }
      return parts
    }
  }
  return model.nodes.flatMap((node): Unit[] => {
    if (absorbed.has(node.name)) return []
    return [sums.get(node.name) ?? { kind: 'node', name: node.name, node }]
  })
}

function asSum(
  model: Model,
  name: string,
  branches: readonly Branch[],
  relu: boolean,
): BranchSum | undefined {
  const convs = branches.flatMap(({ conv }) => conv ?? [])
  const [first] = convs
  if (!first) return undefined
  const shapes = convs.map((conv) => floatWeight(model, conv.weight).shape)
  const kernel = Math.max(...shapes.map(([, , height = 0]) => height))
  const [outChannels = 0, perGroup = 0] = shapes[0] as readonly number[]
  const inChannels = perGroup * first.groups
  const input = first.inputs[0]
  const [
    {
      batchNorm: { epsilon },
    },
  ] = branches as readonly [Branch]
  if (branches.some(({ batchNorm }) => batchNorm.epsilon !== epsilon)) return undefined
  const alike = convs.every((conv, index) => {
    const [out, inside, height = 0, width] = shapes[index] as readonly number[]
    return (
      conv.inputs[0] === input &&
      conv.groups === first.groups &&
      sameShape(conv.stride, first.stride) &&
      conv.dilation.every((step) => step === 1) &&
      conv.padding.every((pad) => pad === (height - 1) / 2) &&
      out === outChannels &&
      inside === perGroup &&
      height === width &&
      height % 2 === 1
    )
  })
  const skips = branches.filter(({ conv }) => !conv)
  const skipsFit =
    skips.length === 0 ||
    (inChannels === outChannels &&
      first.stride.every((step) => step === 1) &&
      skips.every(({ batchNorm }) => batchNorm.inputs[0] === input))
  if (!alike || !skipsFit) return undefined
  return {
    kind: 'branches',
    name,
    input,
    branches,
    geometry: { inChannels, outChannels, kernel, stride: first.stride, groups: first.groups, epsilon },
    relu,
  }
}
