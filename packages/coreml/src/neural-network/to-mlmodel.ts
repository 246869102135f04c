import { inferShapes, MobileOneError, type Model, refuseTokenNodes, validate } from '@mobileone/core'
import { metadataKeys } from '../mil/metadata.ts'
import type { Description, Feature } from '../mil/program.ts'
import { encodeCard } from '../write/encode-card.ts'
import { inputFeature } from '../write/input-feature.ts'
import type { CoreMLOptions } from '../write/options.ts'
import { type ExportPlan, planExport } from '../write/plan-export.ts'
import { encodeNetwork } from './encode-network.ts'
import { LayerBuilder } from './layer-builder.ts'
import { lintNetwork } from './lint-network.ts'
import { type Network, networkVersion, type Scaler } from './network.ts'

/** What an `.mlmodel` file takes and gives: those options of packages that the older format has. */
export interface MLModelOptions
  extends Pick<CoreMLOptions, 'input' | 'output' | 'embedding' | 'duplicateLabels' | 'version' | 'metadata'> {
  /** How weights are stored, int8 ones too; Core ML chooses the precision it computes in. Default `float32`. */
  readonly weights?: 'float32' | 'float16'
}

/**
 * `model` as the older single-file Core ML model (NeuralNetwork), which iOS 13 and macOS 10.15 load. The file is linted before
 * it is given out; the same model and options give the same bytes. Batch normalisation is written as it is.
 * @throws MobileOneError `unsupported` for weights the format cannot hold, `invalid-argument` where an option does not fit
 * the model, `invalid-model` for a network that Core ML would refuse to load.
 */
export function toMLModel(model: Model, options: MLModelOptions = {}): Uint8Array {
  const network = buildNetwork(model, options)
  const problems = lintNetwork(network)
  if (problems.length > 0) {
    throw new MobileOneError(
      'invalid-model',
      `the Core ML file of "${model.name}" would not load:\n${problems.map(({ message }) => `  ${message}`).join('\n')}`,
    )
  }
  return encodeNetwork(network)
}

/** The network of a file, before linting and encoding. */
export function buildNetwork(model: Model, options: MLModelOptions = {}): Network {
  validate(model)
  refuseTokenNodes(model, 'mlmodel', 'export ONNX')
  const plan = planExport(model, options)
  const shapes = inferShapes(model)
  const weights: string = options.weights ?? 'float32'
  if (weights !== 'float32' && weights !== 'float16') {
    throw new MobileOneError(
      'invalid-argument',
      `the weights of an .mlmodel file are written as float32 or float16, not as ${weights}; int8 is a precision of toCoreML`,
    )
  }
  const builder = new LayerBuilder(model, weights)

  const inputNames = new Map(Object.keys(model.inputs).map((name) => [name, builder.feature(name)]))
  const label = plan.classifier && builder.names.take('classLabel')
  const probabilities = plan.classifier && builder.names.take('classLabel_probs')
  const shown = plan.outputs.map(([name, value]) => ({ name: builder.feature(name), value }))

  const inputs: Feature[] = []
  let scaler: Scaler | undefined
  for (const [name, input] of Object.entries(model.inputs)) {
    const feature = inputNames.get(name) as string
    inputs.push(inputFeature(feature, input, plan.image !== undefined))
    builder.values.set(name, feature)
    if (plan.image) scaler = builder.normalize(name, feature, plan.image)
  }
  for (const node of model.nodes) {
    const direct = shown.find(({ value }) => value === node.name)?.name
    if (direct !== undefined) builder.record(direct, node.name)
    builder.values.set(node.name, direct ?? builder.layerName(node.name))
  }
  for (const node of model.nodes) builder.lower(node)

  const outputs: Feature[] = []
  if (plan.classifier && label !== undefined && probabilities !== undefined) {
    builder.emit(probabilities, [builder.values.get(plan.classifier.logits) as string], { kind: 'softmaxND' })
    outputs.push(
      {
        name: probabilities,
        description: 'The probability of every class',
        type: { kind: 'dictionary', key: 'string' },
      },
      { name: label, description: 'The most likely class', type: { kind: 'string' } },
    )
  }
  for (const { name, value } of shown) {
    const from = builder.values.get(value) as string
    if (from !== name) builder.emit(name, [from], { kind: 'activation', nonlinearity: 'linear' })
    const shape = shapes[value] as readonly number[]
    outputs.push({ name, description: '', type: { kind: 'multiArray', dtype: 'fp32', shape } })
  }
  return {
    version: networkVersion(builder.layers),
    description: describe(model, options, plan, builder, { inputs, outputs, label, probabilities }),
    layers: builder.layers,
    ...(scaler && { scaler }),
    ...(plan.classifier &&
      probabilities !== undefined && { classifier: { labels: plan.classifier.labels, probabilities } }),
  }
}

function describe(
  model: Model,
  options: MLModelOptions,
  plan: ExportPlan,
  builder: LayerBuilder,
  features: {
    readonly inputs: readonly Feature[]
    readonly outputs: readonly Feature[]
    readonly label: string | undefined
    readonly probabilities: string | undefined
  },
): Description {
  const extra = {
    ...options.metadata,
    [metadataKeys.precision]: options.weights ?? 'float32',
    [metadataKeys.names]: JSON.stringify(Object.fromEntries(builder.renamed)),
    [metadataKeys.outputs]: JSON.stringify(model.outputs),
  }
  return {
    inputs: features.inputs,
    outputs: features.outputs,
    predictedFeatureName: features.label ?? '',
    predictedProbabilitiesName: features.probabilities ?? '',
    metadata: encodeCard(model, options.version ?? '', extra, plan.classifier?.labels),
  }
}
