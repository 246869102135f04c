import {
  hasInt8Weights,
  inferShapes,
  MobileOneError,
  type Model,
  type TensorSpec,
  validate,
} from '@mobileone/core'
import { assertLinted } from '../lint/lint.ts'
import { metadataKeys } from '../mil/metadata.ts'
import {
  type Description,
  type Feature,
  type NamedType,
  type Specification,
  stringValue,
  tensorType,
} from '../mil/program.ts'
import { type Target, type TargetName, targets } from '../mil/versions.ts'
import { type CoreMLPackage, manifestPath, modelPath, weightsPath } from '../package.ts'
import { contentId } from './content-id.ts'
import { encodeCard } from './encode-card.ts'
import { encodeSpecification } from './encode-specification.ts'
import { inputFeature } from './input-feature.ts'
import { lowerNode } from './lower-node.ts'
import type { CoreMLOptions } from './options.ts'
import { planExport } from './plan-export.ts'
import { type Precision, ProgramBuilder } from './program-builder.ts'

/**
 * `model`, in deploy form, as a Core ML package (ML Program). The package is linted before it is given out; the same model
 * and options give the same bytes.
 * @throws MobileOneError `unsupported` for ops and weights the format cannot hold, `invalid-argument` where an option does
 * not fit the model.
 */
export function toCoreML(model: Model, options: CoreMLOptions = {}): CoreMLPackage {
  return packageOf(model.name, buildSpecification(model, options))
}

/** What becomes a package, before linting and encoding. */
export interface Built {
  readonly specification: Specification
  readonly weights: Uint8Array
  /** The node of the model that an operation belongs to, by the name of what the operation makes; constants have none. */
  readonly nodes: ReadonlyMap<string, string>
}

/** The package of the model `name`. @throws MobileOneError `invalid-model` where the linter finds a mistake. */
export function packageOf(name: string, { specification, weights }: Built): CoreMLPackage {
  assertLinted(specification, weights, name)
  const encoded = encodeSpecification(specification)
  return {
    name: fileName(name),
    files: {
      [manifestPath]: new TextEncoder().encode(manifest(contentId(weights), contentId(encoded, weights))),
      [modelPath]: encoded,
      [weightsPath]: weights,
    },
  }
}

/** The specification and weight file of a package, before linting and encoding. */
export function buildSpecification(model: Model, options: CoreMLOptions = {}): Built {
  validate(model)
  const isInt8 = hasInt8Weights(model)
  const precision = options.precision ?? (isInt8 && options.target !== 'ios15' ? 'int8' : 'float16')
  const target = chooseTarget(options.target, precision)
  const plan = planExport(model, options)
  const shapes = inferShapes(model)
  const builder = new ProgramBuilder(model.name, precision, isInt8)
  const { dtype } = builder

  const inputNames = new Map(Object.keys(model.inputs).map((name) => [name, builder.identifier(name)]))
  const label = plan.classifier && builder.names.take('classLabel')
  const probabilities = plan.classifier && builder.names.take('classLabel_probs')
  const shown = plan.outputs.map(([name, value]) => ({ name: builder.identifier(name), value }))

  const identifiers = new Map<string, string>()
  const inputs: NamedType[] = []
  const features: Feature[] = []
  for (const [name, input] of Object.entries(model.inputs)) {
    const identifier = inputNames.get(name) as string
    inputs.push({ name: identifier, type: tensorType('fp32', input.shape) })
    features.push(inputFeature(identifier, input, plan.image !== undefined))
    identifiers.set(name, prepareInput(builder, identifier, input, plan.image))
  }
  for (const node of model.nodes) {
    const direct = dtype === 'fp32' ? shown.find(({ value }) => value === node.name) : undefined
    if (direct) {
      builder.renamed.set(direct.name, node.name)
      identifiers.set(node.name, direct.name)
    } else identifiers.set(node.name, builder.identifier(node.name))
  }
  const nodes = new Map<string, string>()
  for (const name of Object.keys(model.inputs)) {
    const reader = model.nodes.find(({ inputs }) => (inputs as readonly string[]).includes(name))
    if (reader) nodes.set(identifiers.get(name) as string, reader.name)
  }
  for (const node of model.nodes) {
    const first = builder.operations.length
    lowerNode(builder, model, node, identifiers, shapes)
    for (const { outputs } of builder.operations.slice(first)) {
      for (const made of outputs) nodes.set(made.name, node.name)
    }
  }

  const outputFeatures: Feature[] = []
  if (plan.classifier) {
    const { logits, labels } = plan.classifier
    const shape = shapes[logits] as readonly number[]
    const softmax = builder.names.take('probabilities')
    const axis = builder.integers('axis', 1)
    builder.emit(
      'softmax',
      softmax,
      { x: identifiers.get(logits) as string, axis },
      { name: softmax, type: tensorType(dtype, shape) },
    )
    const single = dtype === 'fp32' ? softmax : builder.names.take('probabilities_fp32')
    if (single !== softmax) castTo(builder, 'fp32', softmax, single, shape)
    const text = tensorType('string')
    builder.emit(
      'classify',
      'classify',
      {
        probabilities: single,
        classes: {
          type: { kind: 'list', element: text, length: labels.length },
          payload: { kind: 'list', values: labels.map(stringValue) },
        },
      },
      { name: label as string, type: text },
      { name: probabilities as string, type: { kind: 'dictionary', key: text, value: tensorType('fp64') } },
    )
    outputFeatures.push(
      { name: label as string, description: 'The most likely class', type: { kind: 'string' } },
      {
        name: probabilities as string,
        description: 'The probability of every class',
        type: { kind: 'dictionary', key: 'string' },
      },
    )
  }
  for (const { name, value } of shown) {
    const shape = shapes[value] as readonly number[]
    const from = identifiers.get(value) as string
    if (dtype === 'fp16') castTo(builder, 'fp32', from, name, shape)
    else if (from !== name)
      builder.emit('identity', name, { x: from }, { name, type: tensorType('fp32', shape) })
    nodes.set(name, nodes.get(from) ?? value)
    outputFeatures.push({ name, description: '', type: { kind: 'multiArray', dtype: 'fp32', shape } })
  }

  const outputs = Object.fromEntries(Object.entries(model.outputs))
  const description: Description = {
    inputs: features,
    outputs: outputFeatures,
    predictedFeatureName: label ?? '',
    predictedProbabilitiesName: probabilities ?? '',
    metadata: encodeCard(
      model,
      options.version ?? '',
      {
        ...options.metadata,
        [metadataKeys.precision]: precision,
        [metadataKeys.names]: JSON.stringify(Object.fromEntries(builder.renamed)),
        [metadataKeys.outputs]: JSON.stringify(outputs),
      },
      plan.classifier?.labels,
    ),
  }
  return {
    specification: {
      version: target.specification,
      description,
      program: {
        version: 1,
        functionName: 'main',
        opset: target.opset,
        specialization: target.opset,
        inputs,
        operations: builder.operations,
        outputs: outputFeatures.map(({ name }) => name),
      },
    },
    weights: builder.weights.finish(),
    nodes,
  }
}

function chooseTarget(name: TargetName | undefined, precision: Precision): Target {
  const target = targets[name ?? (precision === 'int8' ? 'ios16' : 'ios15')]
  if (!target) {
    throw new MobileOneError(
      'invalid-argument',
      `there is no target "${name}"; the targets are ${Object.keys(targets).join(', ')}`,
    )
  }
  if (precision === 'int8' && target.specification < 7) {
    throw new MobileOneError(
      'invalid-argument',
      `int8 weights need ${targets.ios16.systems} or later; leave the target "${name}" out, or export float16`,
    )
  }
  return target
}

/** Normalisation in float32, and only then the cast to float16: the identifier of the value the network reads. */
function prepareInput(
  builder: ProgramBuilder,
  identifier: string,
  { shape }: TensorSpec,
  image: { readonly mean: readonly number[]; readonly std: readonly number[] } | undefined,
): string {
  let value = identifier
  if (image) {
    const { mean, std } = image
    const channels = [1, std.length, 1, 1]
    const type = tensorType('fp32', shape)
    const scale = std.map((deviation) => 1 / (255 * deviation))
    const shift = mean.map((average, channel) => -average / (std[channel] as number))
    const scaled = builder.names.take(`${identifier}_scaled`)
    const y = builder.floats(`${identifier}_scale`, channels, scale)
    builder.emit('mul', scaled, { x: value, y }, { name: scaled, type })
    value = builder.names.take(`${identifier}_normalized`)
    builder.emit(
      'add',
      value,
      { x: scaled, y: builder.floats(`${identifier}_bias`, channels, shift) },
      { name: value, type },
    )
  }
  if (builder.dtype === 'fp32') return value
  const half = builder.names.take(`${identifier}_fp16`)
  castTo(builder, 'fp16', value, half, shape)
  return half
}

function castTo(
  builder: ProgramBuilder,
  dtype: 'fp16' | 'fp32',
  from: string,
  name: string,
  shape: readonly number[],
): void {
  builder.emit(
    'cast',
    name,
    { x: from, dtype: builder.text('dtype', dtype) },
    { name, type: tensorType(dtype, shape) },
  )
}

function manifest(weightsId: string, modelId: string): string {
  const entry = (name: string, description: string): Record<string, string> => ({
    author: 'com.apple.CoreML',
    description,
    name,
    path: `com.apple.CoreML/${name}`,
  })
  const document = {
    fileFormatVersion: '1.0.0',
    itemInfoEntries: {
      [weightsId]: entry('weights', 'CoreML Model Weights'),
      [modelId]: entry('model.mlmodel', 'CoreML Model Specification'),
    },
    rootModelIdentifier: modelId,
  }
  return `${JSON.stringify(document, null, 4)}\n`
}

/** A model's name as the name of a folder. */
export function fileName(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '_').replace(/^\.+/, '') || 'model'
}
