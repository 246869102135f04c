import {
  elementCount,
  findUses,
  inferShapes,
  type Model,
  type Op,
  refuseTokenNodes,
  type Unary,
  validate,
} from '@mobileone/core'
import { ConstantStore } from './constant-store.ts'
import { FileBuilder, type Port } from './file-builder.ts'
import { endInProbabilities, normalizePixels } from './input-and-output.ts'
import { appendLabels, labelsOf } from './labels.ts'
import { lowerNode } from './lower.ts'
import { channelsLast, declareValue, type Lowering, unsupported } from './lowering.ts'
import { encodeMetadata, metadataName } from './metadata.ts'
import type { TfliteOptions } from './options.ts'

/** FlatBuffers address with 32 bits of which one is a sign. */
const maxBytes = 2 ** 31 - 1
/** Room for what is not weights: the operators, tensors and names of a node. MobileOne-S4 takes some 300 bytes a node. */
const bytesPerNode = 2048

/**
 * The deploy form of `model` as the bytes of a .tflite file (TensorFlow Lite schema, version 3): float32 values, feature maps
 * NHWC, each ReLU and ReLU6 part of the convolution, linear layer or addition that only it reads, as TensorFlow's own converter writes it.
 * What the card says goes into the file as TensorFlow Lite metadata: normalisation, description, author, licence, and labels
 * where they fit an output [1, classes]. The same model and options give the same bytes.
 * @throws MobileOneError `invalid-model`; `invalid-argument` where an option does not fit the model, and for weights beyond float16
 * where they are stored in it; `unsupported`, naming the node, for train forms and networks of tokens, and past 2 GB.
 */
export function toTflite(model: Model, options: TfliteOptions = {}): Uint8Array {
  validate(model)
  refuseTokenNodes(model, 'tflite', 'export ONNX')
  const shown = options.softmax ? endInProbabilities(model) : model
  const storage = options.storage ?? 'float32'
  const elements = Object.values(model.weights).reduce((sum, { shape }) => sum + elementCount(shape), 0)
  const weightBytes = elements * (storage === 'float16' ? 2 : 4)
  const expectedBytes = weightBytes + bytesPerNode * (shown.nodes.length + 8)
  if (expectedBytes > maxBytes) {
    throw unsupported(model, `its weights take ${weightBytes} bytes, and one file holds at most ${maxBytes}`)
  }

  const file = new FileBuilder(expectedBytes)
  const lowering: Lowering = {
    file,
    model: shown,
    constants: new ConstantStore(file, shown, storage),
    shapes: inferShapes(shown),
    tensors: new Map(),
    names: outputNames(shown),
  }
  const inputs = Object.keys(shown.inputs).map((name) => ({ name, tensor: declareValue(lowering, name) }))
  const card = options.preprocess ? normalizePixels(lowering) : shown.card
  const { fused, after } = findClips(shown)
  for (const node of shown.nodes) {
    if (!fused.has(node.name)) lowerNode(lowering, node, after.get(node.name))
  }
  const outputs = lowerOutputs(lowering, inputs)
  const labels = labelsOf(shown, lowering.shapes)
  const metadata = card && { [metadataName]: encodeMetadata(lowering, card, labels) }
  return appendLabels(file.finish(shown.name, inputs, outputs, metadata ?? {}), labels)
}

/** The outputs, each a tensor of its own: one that shows an input, or what another shows, is a copy. */
function lowerOutputs(lowering: Lowering, inputs: readonly Port[]): readonly Port[] {
  const { file, model, shapes, tensors } = lowering
  const taken = new Set(inputs.map(({ tensor }) => tensor))
  return Object.entries(model.outputs).map(([name, value]) => {
    let tensor = tensors.get(value) as number
    if (taken.has(tensor)) {
      const shape = channelsLast(shapes[value] as readonly number[])
      const target = file.constant(`${name}.shape`, [shape.length], Int32Array.from(shape))
      const copy = file.value(name, shape)
      file.operator('reshape', [tensor, target], copy)
      tensor = copy
    }
    taken.add(tensor)
    return { name, tensor }
  })
}

/** Values that are shown are called as the output is, unless another value has that name. */
function outputNames(model: Model): ReadonlyMap<string, string> {
  const values = new Set([...Object.keys(model.inputs), ...model.nodes.map(({ name }) => name)])
  const names = new Map<string, string>()
  for (const [name, value] of Object.entries(model.outputs)) {
    if (!values.has(name) && !names.has(value)) names.set(value, name)
  }
  for (const name of Object.keys(model.inputs)) names.delete(name)
  return names
}

interface Clips {
  /** The names of the ReLUs and ReLU6s that become part of the node before them. */
  readonly fused: ReadonlySet<string>
  /** By the name of that node. */
  readonly after: ReadonlyMap<string, Unary>
}

const fusing: ReadonlySet<Op> = new Set<Op>(['conv2d', 'linear', 'add'])

function findClips(model: Model): Clips {
  const uses = findUses(model)
  const fused = new Set<string>()
  const after = new Map<string, Unary>()
  for (const node of model.nodes) {
    const reader = uses.soleReader(node.name)
    if (!fusing.has(node.op) || (reader?.op !== 'relu' && reader?.op !== 'relu6')) continue
    fused.add(reader.name)
    after.set(node.name, reader)
  }
  return { fused, after }
}
