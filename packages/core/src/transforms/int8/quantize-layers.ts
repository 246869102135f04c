/** The int8 form of the layers of a network, one by one, from what is known of their inputs. */
import { MobileOneError } from '../../errors.ts'
import { roundToFloat16 } from '../../half.ts'
import type { Model, Node } from '../../model/model.ts'
import { weightRoles } from '../../model/ops.ts'
import { type Tensor, tensor, type Weight } from '../../model/tensor.ts'
import { findUses, type Uses } from '../../model/uses.ts'
import { dequantize, floatWeight } from '../../model/weights.ts'
import { createPacer } from '../../pause.ts'
import type { OnProgress } from '../../progress.ts'
import { usualReach } from './input-steps.ts'
import type { Layer, LayerPlan } from './plan.ts'
import { PowerRatio } from './power-ratio.ts'
import { correctBias, integerForm, layerSqnrDb, storedForm } from './quantize-layer.ts'
import type { LayerReport } from './report.ts'
import type { InputStatistics } from './statistics.ts'

/** What happens while layers are quantised. */
export interface LayersOptions {
  readonly onProgress?: OnProgress | undefined
  readonly signal?: AbortSignal | undefined
  /** Of the values of an input channel, the share that the levels of layers in integers reach. */
  readonly reach?: number
}

/** A network with layers in int8, and what that costs each. */
export interface QuantizedLayers {
  readonly model: Model
  readonly layers: readonly LayerReport[]
}

/**
 * `model` with the layers of `plans` as these say, the others as they are.
 * @throws MobileOneError `invalid-input` where the mean of an input is not finite; `aborted`.
 */
export async function quantizeLayers(
  model: Model,
  plans: readonly LayerPlan[],
  statistics: ReadonlyMap<Node, InputStatistics>,
  { signal, onProgress, reach = usualReach }: LayersOptions,
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
            ? integerForm(weight, inputs, reach)
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

/** `model` with the weights and biases that layers named `names` have in `other`, another form of the same network. */
export function withLayersOf(model: Model, other: Model, names: ReadonlySet<string>): Model {
  const weights = { ...model.weights }
  const others = new Map(other.nodes.map((node) => [node.name, new Map(weightRoles(node))]))
  for (const node of model.nodes) {
    if (!names.has(node.name)) continue
    for (const [role, name] of weightRoles(node))
      weights[name] = other.weights[others.get(node.name)?.get(role) as string] as Weight
  }
  return { ...model, weights }
}
