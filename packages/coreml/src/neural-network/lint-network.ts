import { elementCount, type Problem } from '@mobileone/core'
import { isIdentifier } from '../mil/names.ts'
import type { Feature } from '../mil/program.ts'
import { inferLayer } from './infer-layer.ts'
import { layerTable, type Network } from './network.ts'

/** Specification versions of networks: iOS 13 to iOS 18. Later ones exist, and nothing written here needs them. */
const versions = { first: 4, last: 9 } as const

type Report = (where: string, message: string) => void

/**
 * Everything wrong with a network that would stop Core ML from loading or serving it, as far as the format's documentation
 * and coremltools' validator tell; labels, groups and features are checked further than that validator does.
 */
export function lintNetwork(network: Network): readonly Problem[] {
  const problems: Problem[] = []
  const report: Report = (where, message) => {
    problems.push({ where, message })
  }
  const { version, description, layers } = network
  if (!Number.isInteger(version) || version < versions.first || version > versions.last) {
    report(
      'model',
      `a network needs specification version ${versions.first} to ${versions.last}, not ${version}`,
    )
  }
  if (description.inputs.length === 0) report('description', 'the network has no input')
  if (description.outputs.length === 0) report('description', 'the network has no output')
  if (layers.length === 0) report('model', 'the network has no layer')

  const shapes = new Map<string, readonly number[] | undefined>()
  for (const feature of description.inputs) {
    if (shapes.has(feature.name)) report(feature.name, `two inputs are named "${feature.name}"`)
    shapes.set(feature.name, inputShape(feature, report))
  }
  const read = new Set<string>()
  for (const layer of layers) {
    const { name, params } = layer
    const here = `layer "${name}" (${params.kind})`
    const rule = layerTable[params.kind]
    if (name === '') report(name, `a layer (${params.kind}) has no name`)
    if (rule.since > version)
      report(name, `${here} needs specification version ${rule.since}, and this is ${version}`)
    const isCounted = Number.isFinite(rule.inputs)
    if (isCounted ? layer.inputs.length !== rule.inputs : layer.inputs.length === 0)
      report(name, `${here} reads ${layer.inputs.length} values, where ${rule.inputs} belong`)
    for (const input of layer.inputs) {
      read.add(input)
      if (!shapes.has(input)) report(name, `${here} reads "${input}", which no earlier layer makes`)
    }
    if (shapes.has(name)) report(name, `two values are named "${name}"`)
    const inputs = layer.inputs.map((input) => shapes.get(input))
    const known =
      inputs.every((shape) => shape !== undefined) && (!isCounted || inputs.length === rule.inputs)
    shapes.set(
      name,
      known ? inferLayer(params, inputs, (message) => report(name, `${here} ${message}`)) : undefined,
    )
  }

  lintFeatures(network, shapes, read, report)
  lintScaler(network, report)
  lintClassifier(network, shapes, report)
  return problems
}

function inputShape({ name, type }: Feature, report: Report): readonly number[] | undefined {
  if (type.kind === 'image') {
    if (type.colorSpace !== 'rgb' && type.colorSpace !== 'bgr' && type.colorSpace !== 'grayscale')
      report(name, `the image "${name}" has the colour space "${type.colorSpace}"`)
    const shape = [1, type.colorSpace === 'grayscale' ? 1 : 3, type.height, type.width]
    if (!isShape(shape))
      report(name, `the image "${name}" is ${type.width} pixels wide and ${type.height} high`)
    return isShape(shape) ? shape : undefined
  }
  if (type.kind !== 'multiArray') {
    report(name, `the input "${name}" is neither an image nor an array`)
    return undefined
  }
  if (type.dtype !== 'fp32') report(name, `the array "${name}" has elements of ${type.dtype}, not fp32`)
  if (!isShape(type.shape)) report(name, `the array "${name}" has the shape [${type.shape.join(', ')}]`)
  return isShape(type.shape) ? type.shape : undefined
}

function isShape(shape: readonly number[]): boolean {
  return shape.length > 0 && shape.every((size) => Number.isSafeInteger(size) && size > 0)
}

function lintFeatures(
  { description, classifier }: Network,
  shapes: ReadonlyMap<string, readonly number[] | undefined>,
  read: ReadonlySet<string>,
  report: Report,
): void {
  const inputs = new Set(description.inputs.map(({ name }) => name))
  for (const { name } of [...description.inputs, ...description.outputs]) {
    if (!isIdentifier(name)) report(name, `the feature "${name}" has a name that is no identifier`)
  }
  for (const name of inputs) if (!read.has(name)) report(name, `no layer reads the input "${name}"`)
  const seen = new Set<string>()
  for (const { name, type } of description.outputs) {
    if (seen.has(name) || inputs.has(name)) report(name, `two features are named "${name}"`)
    seen.add(name)
    if (classifier && name === description.predictedFeatureName) continue
    if (!shapes.has(name)) report(name, `no layer makes the output "${name}"`)
    if (classifier && name === description.predictedProbabilitiesName) continue
    const shape = shapes.get(name)
    if (type.kind !== 'multiArray') report(name, `the output "${name}" is no array`)
    else if (type.dtype !== 'fp32')
      report(name, `the array "${name}" has elements of ${type.dtype}, not fp32`)
    else if (shape && String(shape) !== String(type.shape)) {
      report(
        name,
        `the output "${name}" is described as [${type.shape.join(', ')}], and the network makes [${shape.join(', ')}]`,
      )
    }
  }
}

function lintScaler({ description, scaler }: Network, report: Report): void {
  if (!scaler) return
  const { feature, channelScale, bias } = scaler
  const type = description.inputs.find(({ name }) => name === feature)?.type
  if (type?.kind !== 'image') {
    report('preprocessing', `the scaler is for "${feature}", which is no image among the inputs`)
    return
  }
  const channels = type.colorSpace === 'grayscale' ? 1 : 3
  if (bias.length !== channels)
    report('preprocessing', `the scaler of "${feature}" has ${bias.length} biases for ${channels} channels`)
  const numbers = [channelScale, ...bias].map(Math.fround)
  if (numbers[0] === 0 || !numbers.every(Number.isFinite))
    report('preprocessing', `the scaler of "${feature}" has the numbers ${numbers.join(', ')}`)
}

function lintClassifier(
  { description, classifier }: Network,
  shapes: ReadonlyMap<string, readonly number[] | undefined>,
  report: Report,
): void {
  const { predictedFeatureName, predictedProbabilitiesName, outputs } = description
  if (!classifier) {
    if (predictedFeatureName !== '' || predictedProbabilitiesName !== '')
      report('description', 'the description names a prediction, and the network is no classifier')
    return
  }
  const { labels, probabilities } = classifier
  const kindOf = (name: string): string => {
    const type = outputs.find((output) => output.name === name)?.type
    return type?.kind === 'dictionary' ? `dictionary of ${type.key}` : (type?.kind ?? 'missing')
  }
  if (kindOf(predictedFeatureName) !== 'string')
    report(
      'description',
      `the label "${predictedFeatureName}" is ${kindOf(predictedFeatureName)}, not string`,
    )
  if (kindOf(predictedProbabilitiesName) !== 'dictionary of string') {
    report(
      'description',
      `the probabilities "${predictedProbabilitiesName}" are ${kindOf(predictedProbabilitiesName)}, not a dictionary of strings`,
    )
  }
  if (probabilities !== predictedProbabilitiesName) {
    report(
      'model',
      `the classifier takes its probabilities from "${probabilities}", and the description shows "${predictedProbabilitiesName}"`,
    )
  }
  const shape = shapes.get(probabilities)
  if (!shapes.has(probabilities)) report('model', `no layer makes the probabilities "${probabilities}"`)
  else if (shape && elementCount(shape) !== labels.length)
    report('model', `there are ${labels.length} labels for ${elementCount(shape)} probabilities`)
  if (labels.length === 0) report('model', 'the classifier has no labels')
  if (new Set(labels).size !== labels.length) report('model', 'two classes have one label')
}
