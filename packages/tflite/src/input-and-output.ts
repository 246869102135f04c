import { findUses, inferShapes, MobileOneError, type Model, type ModelCard } from '@mobileone/core'
import { int8 } from './flatbuffer.ts'
import { channelsLast, type Lowering } from './lowering.ts'
import { activations } from './schema.ts'

/**
 * `model` showing `probabilities`, the softmax of its only output, in that output's place.
 * @throws MobileOneError `invalid-argument` unless it has one output [N, C] that is no softmax yet.
 */
export function endInProbabilities(model: Model): Model {
  const values = Object.values(model.outputs)
  const [value] = values
  if (values.length !== 1 || value === undefined) {
    throw refused(
      model,
      `softmax needs a model of one output, and this one has ${values.length} (withOutputs)`,
    )
  }
  const shape = inferShapes(model)[value] as readonly number[]
  if (shape.length !== 2) {
    throw refused(model, `softmax needs an output [N, C], and "${value}" is [${shape.join(', ')}]`)
  }
  if (findUses(model).producer(value)?.op === 'softmax') {
    throw refused(model, 'it ends in a softmax already; leave the softmax option out')
  }
  const taken = new Set([...Object.keys(model.inputs), ...model.nodes.map(({ name }) => name)])
  let name = 'probabilities'
  for (let suffix = 1; taken.has(name); suffix++) name = `probabilities_${suffix}`
  return {
    ...model,
    nodes: [...model.nodes, { op: 'softmax', name, inputs: [value] }],
    outputs: { probabilities: name },
  }
}

/**
 * Put `(pixel - 255 mean) * (1 / (255 std))` between the input, pixels of 0..255, and the nodes that read it. Gives the card of the
 * model that takes pixels.
 * @throws MobileOneError `invalid-argument` unless the model has one input [N, C, H, W] and the card C means and standard deviations.
 */
export function normalizePixels({ file, model, shapes, tensors }: Lowering): ModelCard {
  const names = Object.keys(model.inputs)
  const [name] = names
  if (names.length !== 1 || name === undefined) {
    throw refused(model, `preprocess needs a model of one input, and this one has ${names.length}`)
  }
  const shape = shapes[name] as readonly number[]
  const [, channels = 0] = shape
  if (shape.length !== 4) {
    throw refused(model, `preprocess needs an input [N, C, H, W], and "${name}" is [${shape.join(', ')}]`)
  }
  const preprocess = model.card?.preprocess
  if (!preprocess) {
    throw refused(model, 'preprocess needs mean and std in the model card, which has none (withCard)')
  }
  const { mean, std } = preprocess
  const isUsable = (values: readonly number[]): boolean =>
    values.length === channels && values.every(Number.isFinite)
  if (!isUsable(mean) || !isUsable(std) || std.includes(0)) {
    throw refused(
      model,
      `preprocess needs ${channels} finite means and ${channels} finite standard deviations other than 0 in the model card, ` +
        `which has mean [${mean.join(', ')}] and std [${std.join(', ')}]`,
    )
  }

  const fields = [int8(activations.none)]
  const offsets = Float32Array.from(mean, (channel) => 255 * channel)
  const scales = Float32Array.from(std, (channel) => 1 / (255 * channel))
  const pixels = tensors.get(name) as number
  const centred = file.value(`${name}.centred`, channelsLast(shape))
  file.operator('sub', [pixels, file.constant(`${name}.mean`, [channels], offsets)], centred, { fields })
  const normalized = file.value(`${name}.normalized`, channelsLast(shape))
  file.operator('mul', [centred, file.constant(`${name}.scale`, [channels], scales)], normalized, { fields })
  tensors.set(name, normalized)
  return {
    ...model.card,
    preprocess: { ...preprocess, mean: mean.map(() => 0), std: std.map(() => 1 / 255) },
  }
}

function refused(model: Model, what: string): MobileOneError {
  return new MobileOneError('invalid-argument', `cannot write model "${model.name}" as .tflite: ${what}`)
}
