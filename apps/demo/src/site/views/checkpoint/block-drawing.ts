import type { BranchLayer, FoldStage, RewriteName } from './fold-blocks.ts'

/** A layer of a block as a box. The same key is the same box at every stage, so that it can move. */
export interface DrawnBox {
  readonly key: string
  /** Of its middle. */
  readonly x: number
  readonly y: number
  readonly kind: BranchLayer['kind']
  readonly title: string
  readonly subtitle: string
  readonly isVisible: boolean
  /** The one layer that all branches have become. */
  readonly isMerged: boolean
}

export interface DrawnWire {
  readonly key: string
  readonly path: string
  readonly isVisible: boolean
}

/** In the units of the picture, which are pixels where there is room. */
export interface Drawing {
  readonly width: number
  readonly height: number
  readonly boxes: readonly DrawnBox[]
  readonly wires: readonly DrawnWire[]
  readonly input: { readonly x: number; readonly y: number }
  readonly sum: { readonly x: number; readonly y: number; readonly isVisible: boolean }
  /** In words. */
  readonly label: string
}

export const box = { width: 62, height: 36 } as const
const column = 68
const fewestColumns = 4
const firstRow = 62
const rowStep = 54
const inputY = 12

/** Stage `at` of `stages`, with what is elsewhere at another stage out of sight where it comes from or goes to. */
export function drawStage(stages: readonly FoldStage[], at: number): Drawing {
  const { branches } = stages[at] as FoldStage
  const columns = Math.max(fewestColumns, ...stages.map((stage) => stage.branches.length))
  const rows = Math.max(...stages.flatMap((stage) => stage.branches.map(({ length }) => length)))
  const width = columns * column
  const middle = width / 2
  const sumY = firstRow + rows * rowStep - 4
  const height = sumY + 34
  const isMerged = branches.length === 1 && (stages[0]?.branches.length ?? 1) > 1

  const xOf = (branch: number): number => middle + (branch - (branches.length - 1) / 2) * column
  const shown = branches.map((layers, branch) =>
    keyed(branch, layers).map(({ key, layer }, row) => ({
      key,
      layer,
      x: xOf(branch),
      // A branch with fewer layers than others ends where they do; one layer alone stands in the middle.
      y:
        firstRow +
        (branches.every(({ length }) => length === 1) ? (rows - 1) / 2 : rows - layers.length + row) *
          rowStep,
    })),
  )
  const places = new Map(shown.flat().map((each) => [each.key, each]))
  const boxes = everyBox(stages).map(({ key, branch, layer }): DrawnBox => {
    const own = places.get(key)
    const near = own ?? shown[branch]?.[0] ?? shown[0]?.[0]
    return {
      key,
      x: near?.x ?? middle,
      y: near?.y ?? firstRow,
      kind: layer.kind,
      ...words(own?.layer ?? layer),
      isVisible: own !== undefined,
      isMerged: isMerged && own !== undefined,
    }
  })
  const wires = Array.from(
    { length: Math.max(...stages.map((stage) => stage.branches.length)) },
    (_, branch) => {
      const chain = shown[branch] ?? shown[0] ?? []
      return { key: `wire ${branch}`, path: wirePath(chain, middle, sumY), isVisible: branch < shown.length }
    },
  )
  return {
    width,
    height,
    boxes,
    wires,
    input: { x: middle, y: inputY },
    sum: { x: middle, y: sumY, isVisible: branches.length > 1 },
    label: inWords(branches),
  }
}

const titles: Readonly<Record<RewriteName, readonly [title: string, about: string]>> = {
  split: [
    'A normalisation of several parts is split',
    'Each part gets the scale and the shift of its own channels.',
  ],
  identity: [
    'The skip becomes a convolution',
    'A branch that only normalises is a 1×1 convolution that copies each channel, and then the normalisation.',
  ],
  norm: [
    'Normalisations go into the convolutions',
    'After training, a normalisation is a scale and a shift. They go into the weights and a bias.',
  ],
  expand: ['All kernels get one size', 'A small kernel is a larger one with zeros around it.'],
  merge: [
    'The kernels are added',
    'Convolutions of one input whose results are added are one convolution: its kernel is the sum of theirs, the small ones with zeros around them.',
  ],
}

/** What happened to a block, and why that changes nothing. */
export function titleOfStage(rewrite: RewriteName | undefined): readonly [title: string, about: string] {
  if (rewrite === undefined)
    return ['As it was trained', 'Each branch reads the same input; the results are added.']
  return titles[rewrite]
}

interface Keyed {
  readonly key: string
  readonly branch: number
  readonly layer: BranchLayer
}

function keyed(branch: number, layers: readonly BranchLayer[]): Keyed[] {
  const seen = new Map<string, number>()
  return layers.map((layer) => {
    const count = seen.get(layer.kind) ?? 0
    seen.set(layer.kind, count + 1)
    return { key: `${branch} ${layer.kind} ${count}`, branch, layer }
  })
}

/** Each box of any stage once; drawn in one order, so that none is made anew. Convolutions lie over what goes into them. */
function everyBox(stages: readonly FoldStage[]): readonly Keyed[] {
  const all = new Map<string, Keyed>()
  for (const { branches } of stages) {
    for (const [branch, layers] of branches.entries()) {
      for (const each of keyed(branch, layers)) if (!all.has(each.key)) all.set(each.key, each)
    }
  }
  return [...all.values()].sort(
    (a, b) => Number(b.layer.kind === 'norm') - Number(a.layer.kind === 'norm') || b.branch - a.branch,
  )
}

function words(layer: BranchLayer): { readonly title: string; readonly subtitle: string } {
  switch (layer.kind) {
    case 'norm':
      return { title: 'norm', subtitle: '' }
    case 'linear':
      return { title: 'linear', subtitle: layer.hasBias ? '+ bias' : '' }
    case 'conv':
      return {
        title: layer.kernel.join('×'),
        subtitle: subtitleOf(layer.isDepthwise, layer.hasBias),
      }
    default:
      throw new Error(`${layer satisfies never} is no layer`)
  }
}

function subtitleOf(isDepthwise: boolean, hasBias: boolean): string {
  if (hasBias) return isDepthwise ? 'dw + bias' : '+ bias'
  return isDepthwise ? 'depthwise' : 'conv'
}

function wirePath(
  chain: readonly { readonly x: number; readonly y: number }[],
  middle: number,
  sumY: number,
): string {
  const first = chain[0]
  const last = chain.at(-1)
  if (!first || !last)
    return `M ${middle} ${inputY} L ${middle} ${inputY} L ${middle} ${inputY} C ${middle} ${inputY} ${middle} ${sumY} ${middle} ${sumY}`
  const [top, bottom] = [first.y - box.height / 2, last.y + box.height / 2]
  return [
    `M ${middle} ${inputY}`,
    `C ${middle} ${inputY + 22} ${first.x} ${inputY + 10} ${first.x} ${Math.min(top, firstRow - box.height / 2)}`,
    `L ${last.x} ${bottom}`,
    `C ${last.x} ${sumY - 6} ${middle} ${bottom + 4} ${middle} ${sumY}`,
  ].join(' ')
}

function inWords(branches: readonly (readonly BranchLayer[])[]): string {
  const chains = branches.map((layers) => layers.map(inWord).join(', then ') || 'nothing')
  const counted = new Map<string, number>()
  for (const chain of chains) counted.set(chain, (counted.get(chain) ?? 0) + 1)
  const listed = [...counted]
    .map(([chain, times]) => (times > 1 ? `${times} times ${chain}` : chain))
    .join('; ')
  return branches.length === 1
    ? `One branch: ${listed}`
    : `${branches.length} branches that are added: ${listed}`
}

function inWord(layer: BranchLayer): string {
  switch (layer.kind) {
    case 'norm':
      return 'normalisation'
    case 'linear':
      return 'linear layer'
    case 'conv':
      return `${layer.kernel.join(' by ')} ${layer.isDepthwise ? 'depthwise ' : ''}convolution${layer.hasBias ? ' with bias' : ''}`
    default:
      throw new Error(`${layer satisfies never} is no layer`)
  }
}
