import { MobileOneError } from '@mobileone/core'
import { WireBudget, WireReader } from '@mobileone/core/protobuf-wire'
import { limits } from './limits.ts'
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from './proto.ts'
import {
  doubles,
  floats,
  int,
  ints,
  message,
  messages,
  optional,
  readFields,
  text,
  texts,
} from './read-fields.ts'

/**
 * Read a ModelProto. Tensors keep views of `bytes`; subgraphs are passed over, so nesting in the file costs no stack.
 * @throws MobileOneError `invalid-file` with the byte offset.
 */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { graph, ...model } = readFields(
    new WireReader(view, 'ONNX', 'the model', new WireBudget(limits.objects)),
    {
      irVersion: int(1),
      producer: text(2),
      docString: text(6, Number.POSITIVE_INFINITY),
      graph: message(7, 'the graph', decodeGraph),
      opsets: messages(8, 'opset import', (reader) =>
        standardDomain(readFields(reader, { domain: text(1), version: int(2) })),
      ),
      metadata: messages(14, 'metadata entry', (reader) => {
        const { key, value } = readFields(reader, { key: text(1), value: text(2, Number.POSITIVE_INFINITY) })
        return [key, value] as const
      }),
    },
  )
  if (!graph) {
    throw new MobileOneError(
      'invalid-file',
      'not an ONNX model: it has no graph; the file is cut short or of another format',
    )
  }
  return { ...model, graph }
}

function decodeGraph(reader: WireReader): OnnxGraph {
  return readFields(reader, {
    nodes: messages(1, 'node', decodeNode, limits.nodes),
    name: text(2),
    initializers: messages(5, 'initialiser', decodeTensor, limits.tensors),
    inputs: messages(11, 'input', decodeValue, limits.values + limits.tensors),
    outputs: messages(12, 'output', decodeValue, limits.values),
  })
}

function decodeNode(reader: WireReader): OnnxNode {
  const { attributes, ...node } = readFields(reader, {
    inputs: texts(1),
    outputs: texts(2),
    name: text(3),
    op: text(4),
    attributes: messages(5, 'attribute', decodeAttribute),
    domain: text(7),
  })
  return standardDomain({ ...node, attributes: attributes.length === 0 ? noAttributes : new Map(attributes) })
}

const noAttributes: OnnxNode['attributes'] = new Map()

/** The standard operators have two names for their domain. */
function standardDomain<T extends { readonly domain: string }>(of: T): T {
  return of.domain === 'ai.onnx' ? { ...of, domain: '' } : of
}

function decodeAttribute(reader: WireReader): readonly [name: string, attribute: OnnxAttribute] {
  const fields = readFields(reader, {
    name: text(1),
    float: floats(2),
    int: optional(3, (field) => field.int()),
    // Attribute strings are bytes that need not be text.
    string: optional(4, (field) => new TextDecoder().decode(field.bytes())),
    tensor: message(5, 'a tensor attribute', decodeTensor),
    floats: floats(7),
    ints: ints(8),
    type: int(20),
  })
  const { name, type, float, tensor } = fields
  // Files older than IR version 2 leave the type out; the field that is present tells it.
  const is = (number: number, present: boolean): boolean => type === number || (type === 0 && present)
  if (is(1, float.length > 0)) return [name, { type: 'float', value: float[0] ?? 0 }]
  if (is(2, fields.int !== undefined)) return [name, { type: 'int', value: fields.int ?? 0 }]
  if (is(3, fields.string !== undefined)) return [name, { type: 'string', value: fields.string ?? '' }]
  if (is(4, true) && tensor) return [name, { type: 'tensor', value: tensor }]
  if (is(6, fields.floats.length > 0)) return [name, { type: 'floats', value: fields.floats }]
  if (is(7, fields.ints.length > 0)) return [name, { type: 'ints', value: fields.ints }]
  return [name, { type: 'other' }]
}

function decodeTensor(reader: WireReader): OnnxTensor {
  const { raw, int32s, int64s, location, ...tensor } = readFields(reader, {
    dims: ints(1),
    type: int(2),
    floats: floats(4),
    int32s: ints(5),
    int64s: ints(7),
    name: text(8),
    raw: optional(9, (field) => field.bytes()),
    doubles: doubles(10),
    location: int(14),
  })
  return {
    ...tensor,
    ...(raw && { raw }),
    ints: int32s.length === 0 ? int64s : int32s.concat(int64s),
    external: location === 1,
  }
}

function decodeValue(reader: WireReader): OnnxValue {
  const { name, type } = readFields(reader, { name: text(1), type: message(2, 'a type', decodeType) })
  return { name, elementType: 0, ...type }
}

function decodeType(reader: WireReader): Omit<OnnxValue, 'name'> | undefined {
  return readFields(reader, { tensor: message(1, 'a tensor type', decodeTensorType) }).tensor
}

function decodeTensorType(reader: WireReader): Omit<OnnxValue, 'name'> {
  const { elementType, shape } = readFields(reader, {
    elementType: int(1),
    shape: message(2, 'a shape', (field) =>
      readFields(field, { sizes: messages(1, 'dimension', decodeSize) }),
    ),
  })
  return { elementType, ...(shape && { shape: shape.sizes }) }
}

function decodeSize(reader: WireReader): number | string | undefined {
  const { value, name } = readFields(reader, {
    value: optional(1, (field) => field.int()),
    name: optional(2, (field) => field.string()),
  })
  return value ?? name
}
