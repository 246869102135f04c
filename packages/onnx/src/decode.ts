import { MobileOneError } from '@mobileone/core'
import { WireReader } from '@mobileone/core/protobuf-wire'
import type {
  OnnxAttribute,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxOpset,
  OnnxTensor,
  OnnxValue,
} from './proto.ts'

/**
 * Read a ModelProto. Tensors keep views of `bytes`; subgraphs are passed over, so nesting in the file costs no stack.
 * @throws MobileOneError `invalid-file` with the byte offset.
 */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  const reader = new WireReader(
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    'ONNX',
    'the model',
  )
  let irVersion = 0
  let producer = ''
  let docString = ''
  let graph: OnnxGraph | undefined
  const opsets: OnnxOpset[] = []
  const metadata: (readonly [string, string])[] = []
  while (reader.next()) {
    if (reader.field === 1) irVersion = reader.int()
    else if (reader.field === 2) producer = reader.string()
    else if (reader.field === 6) docString = reader.string()
    else if (reader.field === 7) graph = decodeGraph(reader.message('the graph'))
    else if (reader.field === 8) opsets.push(decodeOpset(reader.message('an opset import')))
    else if (reader.field === 14) metadata.push(decodeEntry(reader.message('a metadata entry')))
    else reader.skip()
  }
  if (!graph) {
    throw new MobileOneError(
      'invalid-file',
      'not an ONNX model: it has no graph; the file is cut short or of another format',
    )
  }
  return { irVersion, producer, docString, opsets, metadata, graph }
}

function decodeGraph(reader: WireReader): OnnxGraph {
  let name = ''
  const nodes: OnnxNode[] = []
  const initializers: OnnxTensor[] = []
  const inputs: OnnxValue[] = []
  const outputs: OnnxValue[] = []
  while (reader.next()) {
    if (reader.field === 1) nodes.push(decodeNode(reader.message(`node ${nodes.length}`)))
    else if (reader.field === 2) name = reader.string()
    else if (reader.field === 5)
      initializers.push(decodeTensor(reader.message(`initialiser ${initializers.length}`)))
    else if (reader.field === 11) inputs.push(decodeValue(reader.message(`input ${inputs.length}`)))
    else if (reader.field === 12) outputs.push(decodeValue(reader.message(`output ${outputs.length}`)))
    else reader.skip()
  }
  return { name, nodes, initializers, inputs, outputs }
}

function decodeNode(reader: WireReader): OnnxNode {
  let name = ''
  let op = ''
  let domain = ''
  const inputs: string[] = []
  const outputs: string[] = []
  const attributes = new Map<string, OnnxAttribute>()
  while (reader.next()) {
    if (reader.field === 1) inputs.push(reader.string())
    else if (reader.field === 2) outputs.push(reader.string())
    else if (reader.field === 3) name = reader.string()
    else if (reader.field === 4) op = reader.string()
    else if (reader.field === 5) attributes.set(...decodeAttribute(reader.message('an attribute')))
    else if (reader.field === 7) domain = reader.string()
    else reader.skip()
  }
  return { name, op, domain: domain === 'ai.onnx' ? '' : domain, inputs, outputs, attributes }
}

function decodeAttribute(reader: WireReader): [name: string, attribute: OnnxAttribute] {
  let name = ''
  let type = 0
  let tensor: OnnxTensor | undefined
  let text: string | undefined
  const single: { float?: number; int?: number } = {}
  const floats: number[] = []
  const ints: number[] = []
  while (reader.next()) {
    if (reader.field === 1) name = reader.string()
    else if (reader.field === 2) {
      const values: number[] = []
      reader.floats(values)
      single.float = values[0] ?? 0
    } else if (reader.field === 3) single.int = reader.int()
    else if (reader.field === 4) text = decodeText(reader.bytes())
    else if (reader.field === 5) tensor = decodeTensor(reader.message('a tensor attribute'))
    else if (reader.field === 7) reader.floats(floats)
    else if (reader.field === 8) reader.ints(ints)
    else if (reader.field === 20) type = reader.int()
    else reader.skip()
  }
  // Files older than IR version 2 leave the type out; the field that is present tells it.
  if (type === 1 || (type === 0 && single.float !== undefined))
    return [name, { type: 'float', value: single.float ?? 0 }]
  if (type === 2 || (type === 0 && single.int !== undefined))
    return [name, { type: 'int', value: single.int ?? 0 }]
  if (type === 3 || (type === 0 && text !== undefined)) return [name, { type: 'string', value: text ?? '' }]
  if ((type === 4 || type === 0) && tensor) return [name, { type: 'tensor', value: tensor }]
  if (type === 6 || (type === 0 && floats.length > 0)) return [name, { type: 'floats', value: floats }]
  if (type === 7 || (type === 0 && ints.length > 0)) return [name, { type: 'ints', value: ints }]
  return [name, { type: 'other' }]
}

/** Attribute strings are bytes that need not be text. */
function decodeText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function decodeTensor(reader: WireReader): OnnxTensor {
  let name = ''
  let type = 0
  let raw: Uint8Array | undefined
  let external = false
  const dims: number[] = []
  const floats: number[] = []
  const ints: number[] = []
  const doubles: number[] = []
  while (reader.next()) {
    if (reader.field === 1) reader.ints(dims)
    else if (reader.field === 2) type = reader.int()
    else if (reader.field === 4) reader.floats(floats)
    else if (reader.field === 5 || reader.field === 7) reader.ints(ints)
    else if (reader.field === 8) name = reader.string()
    else if (reader.field === 9) raw = reader.bytes()
    else if (reader.field === 10) reader.doubles(doubles)
    else if (reader.field === 14) external = reader.int() === 1
    else reader.skip()
  }
  return { name, dims, type, ...(raw && { raw }), floats, ints, doubles, external }
}

function decodeValue(reader: WireReader): OnnxValue {
  let name = ''
  let type: Omit<OnnxValue, 'name'> = { elementType: 0 }
  while (reader.next()) {
    if (reader.field === 1) name = reader.string()
    else if (reader.field === 2) type = decodeType(reader.message('a type'))
    else reader.skip()
  }
  return { name, ...type }
}

function decodeType(reader: WireReader): Omit<OnnxValue, 'name'> {
  let elementType = 0
  let shape: (number | string | undefined)[] | undefined
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip()
      continue
    }
    const tensorType = reader.message('a tensor type')
    while (tensorType.next()) {
      if (tensorType.field === 1) elementType = tensorType.int()
      else if (tensorType.field === 2) shape = decodeShape(tensorType.message('a shape'))
      else tensorType.skip()
    }
  }
  return { elementType, ...(shape && { shape }) }
}

function decodeShape(reader: WireReader): (number | string | undefined)[] {
  const shape: (number | string | undefined)[] = []
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip()
      continue
    }
    const dimension = reader.message('a dimension')
    let size: number | string | undefined
    while (dimension.next()) {
      if (dimension.field === 1) size = dimension.int()
      else if (dimension.field === 2) size = dimension.string()
      else dimension.skip()
    }
    shape.push(size)
  }
  return shape
}

function decodeOpset(reader: WireReader): OnnxOpset {
  let domain = ''
  let version = 0
  while (reader.next()) {
    if (reader.field === 1) domain = reader.string()
    else if (reader.field === 2) version = reader.int()
    else reader.skip()
  }
  return { domain: domain === 'ai.onnx' ? '' : domain, version }
}

function decodeEntry(reader: WireReader): [key: string, value: string] {
  let key = ''
  let value = ''
  while (reader.next()) {
    if (reader.field === 1) key = reader.string()
    else if (reader.field === 2) value = reader.string()
    else reader.skip()
  }
  return [key, value]
}
