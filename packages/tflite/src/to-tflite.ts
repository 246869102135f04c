import { inferShapes, type Model, type Node, validate } from '@mobileone/core'
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
  const weightBytes = Object.values(model.weights).reduce((sum, { data }) => sum + data.byteLength, 0)
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

function findActivations({ nodes, outputs }: Model): Activations {
  const readers = new Map<string, Node[]>()
  for (const node of nodes) {
    for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node])
  }
  const shown = new Set(Object.values(outputs))
  const relus = new Set<string>()
  const reluOf = new Map<string, string>()
  for (const node of nodes) {
    const [reader, ...others] = readers.get(node.name) ?? []
    if (node.op !== 'conv2d' && node.op !== 'linear') continue
    if (reader?.op !== 'relu' || others.length > 0 || shown.has(node.name)) continue
    relus.add(reader.name)
    reluOf.set(node.name, reader.name)
  }
  return { relus, reluOf }
}
