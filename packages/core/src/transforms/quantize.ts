/**
 * The int8 form of a network, after training: no gradients, one pass of the float network over a few photographs. It knows no network:
 * what cannot be quantised stays float, and the report says why. It is not responsible for files or kernels.
 */
import type { Backend, Executor, RunOptions } from '../backend.ts'
import { MobileOneError, throwIfAborted } from '../errors.ts'
import { roundToFloat16 } from '../half.ts'
import { withOutputs } from '../model/edit.ts'
import type { Model, Node } from '../model/model.ts'
import { refuseNonFinite } from '../model/non-finite.ts'
import { weightRoles } from '../model/ops.ts'
import { profile } from '../model/profile.ts'
import { type Tensor, type Tensors, tensor, type Weight } from '../model/tensor.ts'
import { findUses, type Uses } from '../model/uses.ts'
import { validate } from '../model/validate.ts'
import { dequantize, floatWeight } from '../model/weights.ts'
import { createPacer } from '../pause.ts'
import type { OnProgress } from '../progress.ts'
import { random } from '../random.ts'
import { reference } from '../reference/reference.ts'
import { type Candidate, chooseFloat } from './int8/choose-float.ts'
import { noiseInputs } from './int8/noise.ts'
import { type Layer, type LayerPlan, planLayers } from './int8/plan.ts'
import { PowerRatio } from './int8/power-ratio.ts'
import { correctBias, integerForm, layerSqnrDb, storedForm } from './int8/quantize-layer.ts'
import { compareOutputs, type LayerReport, type QuantizationReport } from './int8/report.ts'
import { InputStatistics } from './int8/statistics.ts'
import { reparameterize } from './reparameterize.ts'

/** What quantisation learns from, and what it makes. */
export interface QuantizeOptions {
  /**
   * Inputs as users will give them, prepared as for a run: 16 photographs do; of one the steps of activations come out poor.
   * Without them only weights are quantised, with the means of images of noise.
   */
  readonly samples?: Iterable<Tensors> | AsyncIterable<Tensors>
  /** Other inputs on which the result is compared with the float network. Default: up to 32 of the samples. */
  readonly heldOut?: Iterable<Tensors> | AsyncIterable<Tensors>
  /** Runs the network, before and after. Default: the reference, which is slow. */
  readonly backend?: Backend
  /** Whether layers may be computed in integers. Default: where there are samples. */
  readonly activations?: boolean
  /**
   * Of the multiply-adds that could be done in integers, how many may stay float, from 0 to 1: in the layers whose rounding the outputs
   * suffer from most, by running the network with each of them in integers, as long as these cost more than int8 weights do (25 dB).
   * Default 0.125: a few layers cause most of what integers cost a network. 0 tries none. A backend that does not compute in integers
   * cannot tell, and all layers are in integers.
   */
  readonly floatShare?: number
  /** Hears of the phases `calibrate` (samples), `quantize` and `choose` (layers), and `compare` (inputs). */
  readonly onProgress?: OnProgress
  readonly signal?: AbortSignal
}

/** A network in the int8 form, and what that cost. */
export interface Quantized {
  readonly model: Model
  readonly report: QuantizationReport
}

/** Inputs and float outputs kept to compare with. */
const maxKept = 32
/** On how many samples layers are tried. */
const tried = 4
/** Fewer values of a channel say too little of its range. */
const leastValues = 16

/**
 * `model` in the int8 form. With samples pointwise convolutions that read non-negative values are computed in integers (W8A7): steps of
 * 7 bits for each input channel, weights of 8 bits with a scale for each output channel, the diagonal of square ones in float; the few
 * that cost most accuracy are left out. Other convolutions and linear layers keep float arithmetic on int8 weights,
 * which with samples are rounded so that their errors cancel on inputs like these. All of them get a bias that takes back what rounding adds to the mean of their results.
 * Depthwise convolutions, those that read the input of the network, and other weights are rounded to float16, biases stay float32.
 * @throws MobileOneError `invalid-argument` for a model with branches to fold or with int8 weights, for no samples, for activations
 * without them, and for a `floatShare` that is no share; `invalid-input` for samples that make a value infinite or NaN; `invalid-model` for weights that are; `aborted`.
 */
export async function quantize(model: Model, options: QuantizeOptions = {}): Promise<Quantized> {
  const { signal, samples, backend = reference(), activations = samples !== undefined } = options
  throwIfAborted(signal, 'quantising')
  refuseUnsuited(model)
  if (activations && !samples) {
    throw new MobileOneError(
      'invalid-argument',
      'activations in int8 need samples to know their range; give some photographs, or quantise weights only',
    )
  }
  const { floatShare = 0.125 } = options
  if (!(floatShare >= 0 && floatShare <= 1)) {
    throw new MobileOneError(
      'invalid-argument',
      `floatShare must be a share of the multiply-adds, from 0 to 1, not ${floatShare}`,
    )
  }
  const plans = planLayers(model, activations)
  const calibration = await calibrate(model, plans, samples, backend, options)
  const all = await quantizeLayers(model, calibration.plans, calibration.statistics, options)
  validate(all.model)
  const made = await withFloatLayers(model, all, calibration, backend, floatShare, options)
  const compared = await compare(model, made.model, options.heldOut ? [] : calibration.kept, backend, options)
  const source = samples ? 'samples' : 'noise'
  return {
    model: made.model,
    report: {
      form: made.layers.some(({ kind }) => kind === 'int8') ? 'w8a7' : 'w8',
      layers: made.layers,
      samples: calibration.count,
      calibratedOn: source,
      comparedOn: options.heldOut ? 'heldOut' : source,
      ...compared,
    },
  }
}

function refuseUnsuited(model: Model): void {
  validate(model)
  const stored = Object.entries(model.weights).find(([, { dtype }]) => dtype === 'int8')
  if (stored) {
    throw new MobileOneError(
      'invalid-argument',
      `the weight "${stored[0]}" of model "${model.name}" is int8 already; quantise the float model that it was made of`,
    )
  }
  refuseNonFinite(model, 'quantising')
  const normalized = model.nodes.find(({ op }) => op === 'batchNorm')
  if (normalized && reparameterize(model, { partial: true }).nodes !== model.nodes) {
    throw new MobileOneError(
      'invalid-argument',
      `model "${model.name}" has branches to fold (batchNorm "${normalized.name}"); call reparameterize first and quantise what it gives`,
    )
  }
}

interface Kept {
  readonly inputs: Tensors
  readonly outputs: Tensors
}

interface Calibration {
  readonly statistics: ReadonlyMap<Node, InputStatistics>
  /** Without integers where too few values were seen. */
  readonly plans: readonly LayerPlan[]
  readonly kept: readonly Kept[]
  readonly count: number
}

/** Run the float network over the samples, or noise where none are given, showing what its layers read. */
async function calibrate(
  model: Model,
  plans: readonly LayerPlan[],
  given: QuantizeOptions['samples'],
  backend: Backend,
  { signal, onProgress, heldOut }: QuantizeOptions,
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
  const keep = heldOut ? tried : maxKept
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
      if (kept.length < keep) kept.push({ inputs: copied(inputs), outputs: namedOutputs(model, seen) })
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

function countOf(samples: object): number | undefined {
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

interface QuantizedLayers {
  readonly model: Model
  readonly layers: readonly LayerReport[]
}

async function quantizeLayers(
  model: Model,
  plans: readonly LayerPlan[],
  statistics: ReadonlyMap<Node, InputStatistics>,
  { signal, onProgress }: Pick<QuantizeOptions, 'signal' | 'onProgress'>,
): Promise<QuantizedLayers> {
  const uses = findUses(model)
  const weights: Record<string, Weight> = { ...model.weights }
  const nodes = new Map<Node, Node>()
  const layers: LayerReport[] = []
  const pace = createPacer(signal, 'quantising')
  for (const [done, plan] of plans.entries()) {
    onProgress?.({ phase: 'quantize', done, total: plans.length })
    const { node, kind, reason } = plan
    const common = { node: node.name, op: node.op, kind, ...(reason !== undefined && { reason }) }
    if (kind === 'float') {
      layers.push({ ...common, ...roundWeights(model, node, weights) })
    } else {
      const layer = node as Layer
      const inputs = statistics.get(node) as InputStatistics
      const weight = floatWeight(model, layer.weight)
      const bias = layer.bias === undefined ? undefined : floatWeight(model, layer.bias)
      const before = weights[layer.weight]
      const int8 =
        before?.dtype === 'int8'
          ? before
          : kind === 'int8'
            ? integerForm(weight, inputs)
            : await storedForm(weight, inputs, pace)
      const stored = dequantize(int8)
      if (!inputs.means.every(Number.isFinite)) {
        throw new MobileOneError(
          'invalid-input',
          `quantising: in a sample "${layer.inputs[0]}" of model "${model.name}" is not finite; leave that sample out`,
        )
      }
      const corrected = correctBias(layer, weight, int8, bias, inputs)
      const name = biasName(weights, uses, layer)
      weights[layer.weight] = int8
      weights[name] = corrected
      nodes.set(node, { ...layer, bias: name })
      layers.push({
        ...common,
        weightSqnrDb: sqnrDb(weight, stored),
        sqnrDb: layerSqnrDb(
          layer,
          { weight, bias },
          { weight: int8, stored, bias: corrected },
          inputs.patches,
        ),
      })
    }
    await pace()
  }
  onProgress?.({ phase: 'quantize', done: plans.length, total: plans.length })
  const changed = { ...model, nodes: model.nodes.map((node) => nodes.get(node) ?? node) }
  return { model: { ...changed, weights: onlyUsed(changed.nodes, weights) }, layers }
}

/** Round the weights of `node` that are no vectors to float16, unless that would make one infinite. */
function roundWeights(
  model: Model,
  node: Node,
  weights: Record<string, Weight>,
): { readonly weightSqnrDb?: number } {
  for (const [role, name] of weightRoles(node)) {
    const weight = floatWeight(model, name)
    if (role !== 'weight' || weight.shape.length < 2) continue
    const rounded = tensor(weight.shape, roundToFloat16(weight.data.slice()))
    if (!rounded.data.every(Number.isFinite)) continue
    weights[name] = rounded
    return { weightSqnrDb: sqnrDb(weight, rounded) }
  }
  return {}
}

function sqnrDb(wanted: Tensor, got: Tensor): number {
  const ratio = new PowerRatio()
  ratio.add(wanted.data, got.data)
  return ratio.decibels
}

/** The name of the layer's own bias: a new one where it has none, or shares it. */
function biasName(weights: Readonly<Record<string, Weight>>, uses: Uses, { name, bias }: Layer): string {
  if (bias !== undefined && uses.weightReaders(bias).length === 1) return bias
  const wanted = `${name}.bias`
  let free = wanted
  for (let suffix = 2; Object.hasOwn(weights, free); suffix++) free = `${wanted}.${suffix}`
  return free
}

function onlyUsed(
  nodes: readonly Node[],
  weights: Readonly<Record<string, Weight>>,
): Readonly<Record<string, Weight>> {
  const used = new Set(nodes.flatMap((node) => weightRoles(node).map(([, name]) => name)))
  return Object.fromEntries(Object.entries(weights).filter(([name]) => used.has(name)))
}

/** `all` with the layers in float arithmetic that cost most, tried one by one on a few of the samples. */
async function withFloatLayers(
  model: Model,
  all: QuantizedLayers,
  { plans, statistics, kept }: Calibration,
  backend: Backend,
  share: number,
  { signal, onProgress }: QuantizeOptions,
): Promise<QuantizedLayers> {
  const integers = plans.filter(({ kind }) => kind === 'int8')
  if (share === 0 || integers.length === 0) return all
  const run: RunOptions = signal ? { signal } : {}
  const samples = kept.slice(0, tried)
  const measure = async (tested: Model): Promise<{ noise: number; precision: string | undefined }> => {
    const executor = await backend.compile(tested, run)
    try {
      const pairs: (readonly [Tensors, Tensors])[] = []
      for (const { inputs, outputs } of samples) pairs.push([outputs, await executor.run(inputs, run)])
      return {
        noise: 10 ** (-compareOutputs(pairs).sqnrDb / 10),
        precision: executor.precision ?? backend.precision,
      }
    } finally {
      await executor.dispose()
    }
  }
  const stored = await quantizeLayers(
    model,
    integers.map(({ node }) => ({ node, kind: 'weights' })),
    statistics,
    run,
  )
  const names = integers.map(({ node }) => node.name)
  const inFloat = withLayersOf(all.model, stored.model, new Set(names))
  const costs = new Map(profile(model).layers.map(({ node, macs }) => [node, macs]))
  const { noise: ofWeights } = await measure(inFloat)
  const candidates: Candidate[] = []
  for (const [done, node] of names.entries()) {
    onProgress?.({ phase: 'choose', done, total: integers.length })
    const { noise, precision } = await measure(withLayersOf(inFloat, all.model, new Set([node])))
    if (precision !== 'int8') return all
    candidates.push({ node, macs: costs.get(node) ?? 0, noise: Math.max(0, noise - ofWeights) })
  }
  onProgress?.({ phase: 'choose', done: integers.length, total: integers.length })
  const chosen = chooseFloat(candidates, share)
  const reports = new Map(stored.layers.map((layer) => [layer.node, layer]))
  const layers = all.layers.map((layer) => {
    const part = chosen.get(layer.node)
    if (part === undefined) return layer
    const reason = `${Math.round(100 * part)} % of what integers would cost`
    return { ...(reports.get(layer.node) as LayerReport), reason }
  })
  return { model: withLayersOf(all.model, stored.model, new Set(chosen.keys())), layers }
}

/** `model` with the weights and biases that layers named `names` have in `other`, another form of the same network. */
function withLayersOf(model: Model, other: Model, names: ReadonlySet<string>): Model {
  const weights = { ...model.weights }
  const others = new Map(other.nodes.map((node) => [node.name, new Map(weightRoles(node))]))
  for (const node of model.nodes) {
    if (!names.has(node.name)) continue
    for (const [role, name] of weightRoles(node))
      weights[name] = other.weights[others.get(node.name)?.get(role) as string] as Weight
  }
  return { ...model, weights }
}

async function compare(
  float: Model,
  int8: Model,
  kept: readonly Kept[],
  backend: Backend,
  { heldOut, signal, onProgress }: QuantizeOptions,
): Promise<Pick<QuantizationReport, 'sqnrDb' | 'agreement' | 'compared' | 'precision'>> {
  const run: RunOptions = signal ? { signal } : {}
  const executors: Executor[] = [await backend.compile(int8, run)]
  const [executor] = executors as [Executor]
  const total = heldOut ? countOf(heldOut) : kept.length
  const pairs: (readonly [Tensors, Tensors])[] = []
  const report = (): void =>
    onProgress?.({ phase: 'compare', done: pairs.length, ...(total !== undefined && { total }) })
  try {
    if (heldOut) {
      const before = await backend.compile(float, run)
      executors.push(before)
      for await (const inputs of heldOut) {
        report()
        pairs.push([await before.run(inputs, run), await executor.run(inputs, run)])
      }
    }
    for (const { inputs, outputs } of kept) {
      report()
      pairs.push([outputs, await executor.run(inputs, run)])
    }
  } finally {
    await Promise.all(executors.map((each) => each.dispose()))
  }
  report()
  return {
    ...compareOutputs(pairs),
    compared: pairs.length,
    precision: executor.precision ?? backend.precision ?? 'float32',
  }
}
