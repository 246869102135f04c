import {
  elementCount,
  findUses,
  type Graph,
  inferShapes,
  type Node,
  opFacts,
  profile,
  type Step,
  weightRoles,
} from '@mobileone/core'

/** What one step of a run computes and moves, whatever time it takes. */
export interface StepCost {
  /** The last node that it computes. */
  readonly node: string
  readonly op: Node['op'] | undefined
  readonly kernel: string
  readonly macs: number
  /** Bytes of the values it reads and writes, in float32. */
  readonly activationBytes: number
  /** Bytes of the weights it reads, in float32. */
  readonly weightBytes: number
}

/** A step with its time. */
export interface TimedStep extends StepCost {
  readonly ms: number
  /** Of the sum of all steps, 0 to 1. */
  readonly share: number
}

const bytesPerElement = 4

/**
 * What each of `steps` computes: its node, and the nodes before it that no other step computes, which its kernel does at the same time.
 * A value between two nodes of one step stays in registers and is not counted.
 */
export function stepCosts(graph: Graph, steps: readonly Step[]): StepCost[] {
  const shapes = inferShapes(graph)
  const uses = findUses(graph)
  const macs = new Map(profile(graph).layers.map((layer) => [layer.node, layer.macs]))
  const own = new Set(steps.map(({ node }) => node))
  const taken = new Set<string>()
  return steps.map(({ node: name, kernel }): StepCost => {
    const last = uses.producer(name)
    const nodes: Node[] = []
    const pending = last && !taken.has(name) ? [last] : []
    for (let node = pending.pop(); node; node = pending.pop()) {
      if (taken.has(node.name)) continue
      taken.add(node.name)
      nodes.push(node)
      for (const input of node.inputs) {
        const before = uses.producer(input)
        if (before && !own.has(input)) pending.push(before)
      }
    }
    const made = new Set(nodes.map((node) => node.name))
    const read = new Set(nodes.flatMap(({ inputs }) => inputs.filter((input) => !made.has(input))))
    const weights = new Set(nodes.flatMap((node) => weightRoles(node).map(([, weight]) => weight)))
    const bytesOf = (value: string): number => elementCount(shapes[value] ?? []) * bytesPerElement
    const isFree = nodes.every((node) => node.op === 'flatten')
    return {
      node: name,
      op: leading(nodes)?.op ?? last?.op,
      kernel,
      macs: nodes.reduce((sum, node) => sum + (macs.get(node.name) ?? 0), 0),
      activationBytes:
        nodes.length === 0 || isFree
          ? 0
          : bytesOf(name) + [...read].reduce((sum, value) => sum + bytesOf(value), 0),
      weightBytes: [...weights].reduce(
        (sum, weight) => sum + elementCount(graph.weights[weight]?.shape ?? []) * bytesPerElement,
        0,
      ),
    }
  })
}

/** The node that most of a step's work is: the one that multiplies, else the last. */
function leading(nodes: readonly Node[]): Node | undefined {
  return nodes.find((node) => opFacts(node).accumulates) ?? nodes[0]
}

/** `costs` with the median of the `samples` of each, in milliseconds. */
export function withTimes(
  costs: readonly StepCost[],
  samples: readonly (readonly number[])[],
): readonly TimedStep[] {
  const times = costs.map((_, step) => median(samples[step] ?? []))
  const total = times.reduce((sum, ms) => sum + ms, 0)
  return costs.map((cost, step) => {
    const ms = times[step] as number
    return { ...cost, ms, share: total > 0 ? ms / total : 0 }
  })
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2
}

export type SortKey = 'order' | 'node' | 'ms' | 'gflops' | 'bytes'

/** Billions of operations a second, two for each multiply-add; undefined for a step that multiplies nothing. */
export function gflopsOf({ macs, ms }: TimedStep): number | undefined {
  return macs > 0 && ms > 0 ? (2 * macs) / (ms * 1e6) : undefined
}

/** Milliseconds below which a time is too few ticks of a browser's clock to be compared with a limit. */
const shortestMs = 0.05

/** What a step attains of `peak` GFLOP/s; undefined where it multiplies nothing or is over too soon to tell. */
export function peakShareOf(step: TimedStep, peak: number): number | undefined {
  const rate = gflopsOf(step)
  return rate === undefined || step.ms < shortestMs ? undefined : rate / peak
}

export function bytesOf({ activationBytes, weightBytes }: StepCost): number {
  return activationBytes + weightBytes
}

/** `steps` by `key`: names from A on, figures with the largest first, `order` as they run. */
export function sortSteps(steps: readonly TimedStep[], key: SortKey): readonly TimedStep[] {
  if (key === 'order') return steps
  if (key === 'node') return [...steps].sort((a, b) => a.node.localeCompare(b.node, 'en', { numeric: true }))
  const value = (step: TimedStep): number => {
    if (key === 'ms') return step.ms
    return key === 'bytes' ? bytesOf(step) : (gflopsOf(step) ?? -1)
  }
  return [...steps].sort((a, b) => value(b) - value(a))
}
