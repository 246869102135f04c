import {
  findUses,
  inferShapes,
  MobileOneError,
  type Model,
  type ModelCard,
  type Op,
  validate,
} from '@mobileone/core'
import { cardToMetadata } from './card.ts'
import { encodeModel } from './encode.ts'
import { GraphBuilder } from './graph-builder.ts'
import { lowerNode } from './lower.ts'
import { type PreprocessOptions, prepareInput } from './preprocess.ts'
import { dataType, type OnnxValue } from './proto.ts'

/** What an ONNX file takes and gives beside what the model does. */
export interface OnnxOptions {
  /** Show `probabilities`, the softmax of the model's only output [N, C], in that output's place. */
  readonly softmax?: boolean
  /**
   * Take pixels of 0..255 and normalise them in the graph with the card's `mean` and `std`. `true` keeps the layout and
   * element type of the model's own input (NCHW, float32); an object asks for NHWC or uint8. Size and crop stay the
   * caller's.
   */
  readonly preprocess?: boolean | PreprocessOptions
  /** Leave axis 0 of inputs and outputs open, as `batch`. */
  readonly dynamicBatch?: boolean
}

/** Versions written: ONNX 1.12 (2022), read by every runtime in use. */
const opset = 17
const irVersion = 8
const maxProtobufBytes = 2 ** 31 - 1

/**
 * `model` as the bytes of an ONNX file, opset 17, with its weights inside. The same model and options give the same bytes.
 * @throws MobileOneError `invalid-argument` where an option does not fit the model, `unsupported` past 2 GB.
 */
export function toOnnx(model: Model, options: OnnxOptions = {}): Uint8Array {
  validate(model)
  const shapes = inferShapes(model)
  const builder = new GraphBuilder(model)
  const reject = (message: string): never => {
    throw new MobileOneError('invalid-argument', `cannot write model "${model.name}" as ONNX: ${message}`)
  }

  for (const name of Object.keys(model.outputs)) {
    if (Object.hasOwn(model.inputs, name)) {
      reject(
        `"${name}" names an input and an output, and ONNX has one name for each value; rename the output (withOutputs)`,
      )
    }
  }
  const batches = new Set(Object.values(model.inputs).map((input) => input.shape[0]))
  if (options.dynamicBatch && batches.size !== 1) {
    reject('dynamicBatch needs inputs of one batch size')
  }
  const open = (shape: readonly number[]): (number | string)[] =>
    options.dynamicBatch ? ['batch', ...shape.slice(1)] : [...shape]

  let card: ModelCard = model.card ?? {}
  let inputs: OnnxValue[] = Object.entries(model.inputs).map(([name, input]) => ({
    name: builder.input(name),
    elementType: dataType.float,
    shape: open(input.shape),
  }))
  const shown = options.softmax ? { probabilities: onlyLogits(model, shapes, reject) } : model.outputs
  // Names in order of precedence: inputs, outputs, the other values, and then weights.
  for (const name of Object.keys(shown)) builder.reserveOutput(name)
  if (!options.softmax) {
    for (const [name, value] of Object.entries(shown)) builder.showAs(value, name)
  }
  for (const node of model.nodes) builder.value(node.name)

  if (options.preprocess) {
    const prepared = prepareInput(
      builder,
      model,
      options.preprocess === true ? {} : options.preprocess,
      reject,
    )
    inputs = inputs.map((input) => ({ ...input, ...prepared.type, shape: open(prepared.shape) }))
    card = { ...card, preprocess: prepared.preprocess }
  }
  const uses = findUses(model)
  const notNegative: ReadonlySet<Op | undefined> = new Set<Op>([
    'relu',
    'relu6',
    'sigmoid',
    'hardSigmoid',
    'softmax',
  ])
  for (const node of model.nodes) {
    const isNotNegative = notNegative.has(uses.producer(node.inputs[0])?.op)
    lowerNode(builder, node, shapes, options.dynamicBatch === true, isNotNegative)
  }
  const softmaxAxis = new Map([['axis', { type: 'int', value: 1 } as const]])
  for (const [name, value] of Object.entries(shown)) {
    const made = builder.value(value)
    if (options.softmax) builder.emit('Softmax', name, [made], name, softmaxAxis)
    else if (made !== name) builder.emit('Identity', name, [made], name)
  }

  const encoded = encodeModel({
    irVersion,
    producer: '@mobileone/onnx',
    docString: card.description ?? '',
    opsets: [{ domain: '', version: opset }],
    metadata: cardToMetadata(card),
    graph: {
      name: model.name || 'model',
      nodes: builder.nodes,
      initializers: builder.initializers,
      inputs,
      outputs: Object.entries(shown).map(([name, value]) => ({
        name,
        elementType: dataType.float,
        shape: open(shapes[value] as readonly number[]),
      })),
    },
  })
  if (encoded.length > maxProtobufBytes) {
    throw new MobileOneError(
      'unsupported',
      `model "${model.name}" takes ${encoded.length} bytes as ONNX, and one file holds at most ${maxProtobufBytes}; ` +
        'export safetensors, or a smaller variant',
    )
  }
  return encoded.finish()
}

/** The value of the model's only output, which must be logits [N, C]. */
function onlyLogits(
  model: Model,
  shapes: Readonly<Record<string, readonly number[]>>,
  reject: (message: string) => never,
): string {
  const values = Object.values(model.outputs)
  const [value] = values
  if (values.length !== 1 || value === undefined) {
    return reject(
      `softmax needs a model of one output, and this one has ${values.length} (choose one: withOutputs)`,
    )
  }
  if (shapes[value]?.length !== 2) {
    return reject(`softmax needs an output [N, C], and "${value}" is [${shapes[value]?.join(', ')}]`)
  }
  if (findUses(model).producer(value)?.op === 'softmax') {
    return reject('the model ends in a softmax already; leave the softmax option out')
  }
  return value
}
