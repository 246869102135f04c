import { elementCount, findUses, inferShapes, type Model, validate } from '@mobileone/core'
import { FileBuilder } from './file-builder.ts'
import { lowerNode } from './lower.ts'
import { declareValue, type Lowering, unsupported } from './lowering.ts'

/** FlatBuffers address with 32 bits of which one is a sign. */
const maxBytes = 2 ** 31 - 1
/** Room for everything but the weights: MobileOne-S4 takes some 40 kB. */
const structureBytes = 2 ** 18

/**
 * The deploy form of `model` as the bytes of a .tflite file (TensorFlow Lite schema, version 3) with one input and one
 * output: float32, feature maps NHWC, each ReLU part of the convolution or linear layer that only it reads, as TensorFlow's own
 * converter writes it. The same model gives the same bytes.
 * @throws MobileOneError `invalid-model`; `unsupported`, naming the node, for train forms, gelu, grouped convolutions other
 * than depthwise ones, flattened maps, several inputs or outputs, and more than 2 GB.
 */
export function toTflite(model: Model): Uint8Array {
  validate(model)
  const inputs = Object.keys(model.inputs)
  const outputs = Object.entries(model.outputs)
  const [inputName] = inputs
  const [output] = outputs
  if (inputName === undefined || output === undefined || inputs.length > 1 || outputs.length > 1) {
    throw unsupported(
      model,
      `it has the inputs ${inputs.join(', ')} and the outputs ${outputs.map(([name]) => name).join(', ')}; one of each is written (withOutputs)`,
    )
  }
  const elements = Object.values(model.weights).reduce((sum, { shape }) => sum + elementCount(shape), 0)
  const weightBytes = elements * Float32Array.BYTES_PER_ELEMENT
  if (weightBytes + structureBytes > maxBytes) {
    throw unsupported(model, `its weights take ${weightBytes} bytes, and one file holds at most ${maxBytes}`)
  }
  const file = new FileBuilder(weightBytes + structureBytes)
  const lowering: Lowering = { file, model, shapes: inferShapes(model), tensors: new Map() }
  const input = declareValue(lowering, inputName)
  const { relus, reluOf } = findActivations(model)
  for (const node of model.nodes) {
    if (!relus.has(node.name)) lowerNode(lowering, node, reluOf.get(node.name))
  }
  const [outputName, outputValue] = output
  return file.finish(
    model.name,
    { name: inputName, tensor: input },
    { name: outputName, tensor: lowering.tensors.get(outputValue) as number },
  )
}

interface Activations {
  /** The ReLUs that become part of the node before them. */
  readonly relus: ReadonlySet<string>
  /** By the name of that node. */
  readonly reluOf: ReadonlyMap<string, string>
}

function findActivations(model: Model): Activations {
  const uses = findUses(model)
  const relus = new Set<string>()
  const reluOf = new Map<string, string>()
  for (const node of model.nodes) {
    const reader = uses.soleReader(node.name)
    if ((node.op !== 'conv2d' && node.op !== 'linear') || reader?.op !== 'relu') continue
    relus.add(reader.name)
    reluOf.set(node.name, reader.name)
  }
  return { relus, reluOf }
}
