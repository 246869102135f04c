/** What a few runs of the float network tell of the inputs of its layers. */
import type { Backend } from '../../backend.ts'
import { MobileOneError } from '../../errors.ts'
import { withOutputs } from '../../model/edit.ts'
import type { Model, Node } from '../../model/model.ts'
import { type Tensor, type Tensors, tensor, type Weight } from '../../model/tensor.ts'
import { createPacer } from '../../pause.ts'
import type { OnProgress } from '../../progress.ts'
import { random } from '../../random.ts'
import { noiseInputs } from './noise.ts'
import type { Layer, LayerPlan } from './plan.ts'
import { InputStatistics } from './statistics.ts'

/** On how many samples layers are tried. */
export const tried = 4
/** Samples and float outputs kept where the result is compared on them. */
const compared = 32
/** Fewer values of a channel say too little of its range. */
const leastValues = 16

interface CalibrateOptions {
  readonly heldOut?: unknown
  readonly onProgress?: OnProgress
  readonly signal?: AbortSignal
}

/** A sample, and what the float network makes of it. */
export interface Kept {
  readonly inputs: Tensors
  readonly outputs: Tensors
}

/** What the samples tell. */
export interface Calibration {
  readonly statistics: ReadonlyMap<Node, InputStatistics>
  /** Without integers where too few values were seen. */
  readonly plans: readonly LayerPlan[]
  readonly kept: readonly Kept[]
  readonly count: number
}

/**
 * Run the float network over the samples, or noise where none are given, showing what its layers read.
 * @param options `heldOut`: whether the result will be compared on other inputs than these.
 * @throws MobileOneError `invalid-argument` for no samples; `aborted`.
 */
export async function calibrate(
  model: Model,
  plans: readonly LayerPlan[],
  given: Iterable<Tensors> | AsyncIterable<Tensors> | undefined,
  backend: Backend,
  { signal, onProgress, heldOut }: CalibrateOptions,
): Promise<Calibration> {
  const samples = given ?? noiseInputs(model)
  // How inputs of noise vary together misleads: weights rounded by it cost 0.8 dB more than the nearest ones.
  const { statistics, readers } = statisticsOf(model, plans, given !== undefined)
  const values = new Set([...readers.keys(), ...Object.values(model.outputs)])
  const shown = [...values].filter((value) => !Object.hasOwn(model.inputs, value))
  const run = signal ? { signal } : {}
  const executor = await backend.compile(
    withOutputs(model, Object.fromEntries(shown.map((value) => [value, value]))),
    run,
  )
  const total = countOf(samples)
  const pace = createPacer(signal, 'quantising')
  const source = random(1)
  const kept: Kept[] = []
  const most = heldOut ? tried : compared
  let count = 0
  try {
    for await (const inputs of samples) {
      onProgress?.({ phase: 'calibrate', done: count, ...(total !== undefined && { total }) })
      const seen = { ...inputs, ...(await executor.run(inputs, run)) }
      for (const [value, entries] of readers) {
        for (const entry of entries) {
          entry.add(seen[value] as Tensor, source)
          await pace()
        }
      }
      if (kept.length < most) kept.push({ inputs: copied(inputs), outputs: namedOutputs(model, seen) })
      count++
    }
  } finally {
    await executor.dispose()
  }
  if (count === 0) {
    throw new MobileOneError(
      'invalid-argument',
      'quantising: there are no samples; give some, or none at all for weights only',
    )
  }
  onProgress?.({ phase: 'calibrate', done: count, total: count })
  return { statistics, plans: plans.map((plan) => withEnough(plan, statistics)), kept, count }
}

function withEnough(plan: LayerPlan, statistics: ReadonlyMap<Node, InputStatistics>): LayerPlan {
  const positions = statistics.get(plan.node)?.positions ?? 0
  if (plan.kind !== 'int8' || positions >= leastValues) return plan
  return { node: plan.node, kind: 'weights', reason: `only ${positions} values a channel in the samples` }
}

/** One for each way in which a value is read, found by node and by value. */
function statisticsOf(
  model: Model,
  plans: readonly LayerPlan[],
  moments: boolean,
): {
  readonly statistics: ReadonlyMap<Node, InputStatistics>
  readonly readers: ReadonlyMap<string, readonly InputStatistics[]>
} {
  const statistics = new Map<Node, InputStatistics>()
  const readers = new Map<string, InputStatistics[]>()
  const shared = new Map<string, InputStatistics>()
  for (const { node, kind } of plans) {
    if (kind === 'float') continue
    const layer = node as Layer
    const [value] = layer.inputs
    const { shape } = model.weights[layer.weight] as Weight
    const geometry =
      layer.op === 'conv2d' ? [...shape.slice(2), layer.stride, layer.padding, layer.dilation] : ['linear']
    const key = JSON.stringify([value, kind, geometry])
    let entry = shared.get(key)
    if (!entry) {
      entry = new InputStatistics(layer, shape, kind === 'int8', moments)
      shared.set(key, entry)
      readers.set(value, [...(readers.get(value) ?? []), entry])
    }
    statistics.set(node, entry)
  }
  return { statistics, readers }
}

/** How many there are, where that is known. */
export function countOf(samples: object): number | undefined {
  for (const key of ['length', 'size'] as const) {
    const count = (samples as Readonly<Record<string, unknown>>)[key]
    if (typeof count === 'number') return count
  }
  return undefined
}

/** The caller may write the next sample over this one. */
function copied(tensors: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [name, tensor(shape, data.slice())]),
  )
}

function namedOutputs(model: Model, values: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(model.outputs).map(([name, value]) => [name, values[value] as Tensor]),
  )
}
