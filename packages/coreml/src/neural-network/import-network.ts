import { elementCount, MobileOneError, spec, type TensorSpec, withOutputs } from '@mobileone/core'
import type { WireReader } from '@mobileone/core/protobuf-wire'
import type { Description, Feature } from '../mil/program.ts'
import type { Imported } from '../read/import-program.ts'
import { limits, WeightBudget } from '../read/limits.ts'
import type { Affine } from '../read/read-card.ts'
import { decodeNetwork, type StoredNetwork } from './decode-network.ts'
import { fuseSilu } from './fuse-silu.ts'
import { importLayer } from './import-layer.ts'
import { NetworkImporter } from './importer.ts'

/**
 * An older Core ML network as the parts of a model, under the names in the file.
 * @throws MobileOneError `unsupported` naming a layer that a model does not have, `invalid-file` for a network that makes no
 * sense.
 */
export function importNetwork(
  stored: { readonly body: WireReader } | undefined,
  description: Description,
  size: number,
): Imported {
  if (!stored) throw new MobileOneError('invalid-file', 'not a readable Core ML file: it holds no network')
  const network = decodeNetwork(stored.body)
  const importer = new NetworkImporter(new WeightBudget('network', size))
  const inputs: Record<string, TensorSpec> = {}
  for (const feature of description.inputs) {
    const { model, core } = inputShapes(feature, network)
    inputs[feature.name] = spec(model)
    const affine = feature.type.kind === 'image' ? imageAffine(feature, network) : undefined
    importer.define(feature.name, `the input "${feature.name}"`, {
      kind: 'value',
      name: feature.name,
      shape: model,
      core,
      ...(affine && { affine }),
    })
  }
  for (const { feature } of network.scalers) {
    const type = description.inputs.find(({ name }) => name === feature || feature === '')?.type
    if (type?.kind !== 'image') {
      throw new MobileOneError(
        'unsupported',
        `the Core ML network scales "${feature}", which is no image among its inputs`,
      )
    }
  }
  for (const layer of network.layers) importLayer(importer, layer)

  const { nodes } = importer
  const outputs: [string, string][] = []
  if (new Set(description.outputs.map(({ name }) => name)).size !== description.outputs.length)
    throw new MobileOneError('invalid-file', 'not a readable Core ML network: two outputs have one name')
  for (const { name } of description.outputs) {
    if (network.labels && name === description.predictedFeatureName) continue
    if (network.labels && name === description.predictedProbabilitiesName) {
      const { shown, classes } = probabilities(importer, network, name)
      if (classes !== network.labels.length) {
        throw new MobileOneError(
          'invalid-file',
          `not a readable Core ML network: it has ${network.labels.length} labels for ${classes} classes`,
        )
      }
      outputs.push(shown)
    } else outputs.push([name, importer.take(name, `the output "${name}"`)])
  }
  const shown = Object.fromEntries(outputs)
  const weights = Object.fromEntries(importer.weights)
  const read = withOutputs(fuseSilu({ name: 'network', inputs, nodes, outputs: shown, weights }), shown)
  return {
    inputs,
    nodes: read.nodes,
    weights: new Map(Object.entries(read.weights)),
    outputs,
    ...(network.labels && { labels: network.labels }),
    ...(importer.affine && { affine: importer.affine }),
  }
}

/** The output that stands for a classifier's probabilities: the logits, where a softmax makes them that nothing else reads. */
function probabilities(
  importer: NetworkImporter,
  network: StoredNetwork,
  feature: string,
): { readonly shown: [string, string]; readonly classes: number } {
  const named = network.probabilities === '' ? feature : network.probabilities
  const last = network.layers.at(-1)?.output ?? ''
  const value = importer.value(importer.has(named) ? named : last, 'the classifier')
  const classes = elementCount(value.shape)
  const { nodes } = importer
  const softmax = nodes.find((node) => node.name === value.name)
  const elsewhere = nodes.some((node) => node.inputs.some((input) => input === value.name))
  if (softmax?.op !== 'softmax' || elsewhere) return { shown: ['probabilities', value.name], classes }
  nodes.splice(nodes.indexOf(softmax), 1)
  return { shown: ['logits', softmax.inputs[0]], classes }
}

/** The shape of an input for the model, with a batch in front, and for the layers of the file. */
function inputShapes(
  { name, type }: Feature,
  { exactArrays, exactImages }: StoredNetwork,
): { readonly model: readonly number[]; readonly core: readonly number[] } {
  const fail = (code: 'invalid-file' | 'unsupported', message: string): never => {
    throw new MobileOneError(code, `cannot read the Core ML network: the input "${name}" ${message}`)
  }
  let model: readonly number[]
  let core: readonly number[]
  if (type.kind === 'image') {
    if (type.colorSpace === 'bgr')
      fail('unsupported', 'takes pixels as blue, green, red; convert the model with color_layout RGB')
    if (type.colorSpace !== 'rgb' && type.colorSpace !== 'grayscale')
      fail('unsupported', `is an image of the colour space "${type.colorSpace}"`)
    model = [1, type.colorSpace === 'rgb' ? 3 : 1, type.height, type.width]
    core = exactImages ? model : [1, ...model]
  } else if (type.kind === 'multiArray') {
    const { shape } = type
    if (exactArrays) {
      core = shape
      model = shape.length === 1 ? [1, ...shape] : shape
    } else {
      if (shape.length !== 1 && shape.length !== 3)
        fail('invalid-file', `has ${shape.length} axes, and arrays of this file have 1 or 3`)
      model = [1, ...shape]
      core = shape.length === 1 ? [1, 1, ...shape, 1, 1] : [1, 1, ...shape]
    }
  } else return fail('unsupported', 'is neither an image nor an array')
  if (model.length > limits.rank) fail('invalid-file', `has ${model.length} axes`)
  const good = model.every((size) => Number.isSafeInteger(size) && size > 0)
  if (!good || !Number.isSafeInteger(elementCount(model)) || model.length < 2)
    fail('invalid-file', `has the shape [${model.join(', ')}]`)
  return { model, core }
}

/** What the file does to the pixels of an image before its first layer. */
function imageAffine({ name, type }: Feature, { scalers }: StoredNetwork): Affine {
  const found = scalers.filter(({ feature }) => feature === name || feature === '')
  if (found.length > 1)
    throw new MobileOneError('invalid-file', `not a readable Core ML network: two scalers are for "${name}"`)
  const gray = type.kind === 'image' && type.colorSpace === 'grayscale'
  const [scaler] = found
  const bias = scaler
    ? gray
      ? [scaler.gray]
      : [scaler.red, scaler.green, scaler.blue]
    : gray
      ? [0]
      : [0, 0, 0]
  return { scale: bias.map(() => scaler?.channelScale ?? 1), bias }
}
