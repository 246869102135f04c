import { type Executor, type Graph, MobileOneError, type Node, tensor } from '@mobileone/core'

/** How `profile` times the layers. */
export interface ProfileOptions {
  /** Runs of which each step's median is taken. Default 5, after one that is not counted. */
  readonly runs?: number
}

/** What one step of a run takes: one layer, or several in one kernel. */
export interface LayerTime {
  /** The last node of the graph that it computes. */
  readonly node: string
  /** Absent for what the backend does beside the nodes, such as another layout. */
  readonly op?: Node['op']
  readonly kernel: string
  readonly ms: number
  /** Of the sum of all steps, 0 to 1. */
  readonly share: number
}

/** Where the time of a run goes. */
export interface ClassifierProfile {
  readonly backend: string
  /** The sum of the steps, which is less than a run: giving inputs and taking outputs is beside it. */
  readonly ms: number
  /** In the order they run. */
  readonly layers: readonly LayerTime[]
  /** The longest first. */
  readonly kernels: readonly {
    readonly kernel: string
    readonly steps: number
    readonly ms: number
    readonly share: number
  }[]
}

/**
 * Time the steps of an executor on zeros.
 * @throws MobileOneError `unsupported` where the backend cannot time its steps, `invalid-argument` for runs that are no count.
 */
export async function layerTimes(
  executor: Executor,
  graph: Graph,
  { runs = 5 }: ProfileOptions = {},
): Promise<ClassifierProfile> {
  const { backend, steps, inputs } = executor
  if (!executor.profile) {
    throw new MobileOneError(
      'unsupported',
      `the backend ${backend} cannot time its layers; use wasm, webgpu or reference, which can`,
    )
  }
  if (!Number.isSafeInteger(runs) || runs < 1) {
    throw new MobileOneError('invalid-argument', `profile: runs must be a whole number above 0, not ${runs}`)
  }
  const zeros = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, tensor(shape)]))
  const times = steps.map((): number[] => [])
  for (let run = 0; run <= runs; run++) {
    for (const { step, ms } of await executor.profile(zeros)) if (run > 0) times[step]?.push(ms)
  }
  const medians = times.map(median)
  const total = medians.reduce((sum, ms) => sum + ms, 0)
  const shareOf = (ms: number): number => (total > 0 ? ms / total : 0)
  const ops = new Map(graph.nodes.map(({ name, op }) => [name, op]))
  const layers = steps.map(({ node, kernel }, step): LayerTime => {
    const ms = medians[step] as number
    const op = ops.get(node)
    return { node, ...(op && { op }), kernel, ms, share: shareOf(ms) }
  })
  const kernels = [...new Set(steps.map(({ kernel }) => kernel))].map((kernel) => {
    const own = layers.filter((layer) => layer.kernel === kernel)
    const ms = own.reduce((sum, layer) => sum + layer.ms, 0)
    return { kernel, steps: own.length, ms, share: shareOf(ms) }
  })
  return { backend, ms: total, layers, kernels: kernels.sort((a, b) => b.ms - a.ms) }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2
}
