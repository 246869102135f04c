import { WireWriter } from '@mobileone/core/protobuf-wire'
import {
  dataType,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from './proto.ts'

/** A ModelProto as it stands in a file; the caller checks `length` before `finish`. */
export function encodeModel(model: OnnxModel): WireWriter {
  const out = new WireWriter()
  out.int(1, model.irVersion)
  out.string(2, model.producer)
  if (model.docString !== '') out.string(6, model.docString)
  out.message(7, encodeGraph(model.graph))
  for (const { domain, version } of model.opsets) {
    const opset = new WireWriter()
    opset.string(1, domain)
    opset.int(2, version)
    out.message(8, opset)
  }
  for (const [key, value] of model.metadata) {
    const entry = new WireWriter()
    entry.string(1, key)
    entry.string(2, value)
    out.message(14, entry)
  }
  return out
}

function encodeGraph(graph: OnnxGraph): WireWriter {
  const out = new WireWriter()
  for (const node of graph.nodes) out.message(1, encodeNode(node))
  out.string(2, graph.name)
  for (const tensor of graph.initializers) out.message(5, encodeTensor(tensor))
  for (const value of graph.inputs) out.message(11, encodeValue(value))
  for (const value of graph.outputs) out.message(12, encodeValue(value))
  return out
}

function encodeNode(node: OnnxNode): WireWriter {
  const out = new WireWriter()
  for (const name of node.inputs) out.string(1, name)
  for (const name of node.outputs) out.string(2, name)
  out.string(3, node.name)
  out.string(4, node.op)
  for (const [name, attribute] of node.attributes) out.message(5, encodeAttribute(name, attribute))
  if (node.domain !== '') out.string(7, node.domain)
  return out
}

function encodeAttribute(name: string, attribute: OnnxAttribute): WireWriter {
  const out = new WireWriter()
  out.string(1, name)
  switch (attribute.type) {
    case 'float':
      out.float(2, attribute.value)
      out.int(20, 1)
      break
    case 'int':
      out.int(3, attribute.value)
      out.int(20, 2)
      break
    case 'string':
      out.string(4, attribute.value)
      out.int(20, 3)
      break
    case 'tensor':
      out.message(5, encodeTensor(attribute.value))
      out.int(20, 4)
      break
    case 'floats':
      for (const value of attribute.value) out.float(7, value)
      out.int(20, 6)
      break
    case 'ints':
      for (const value of attribute.value) out.int(8, value)
      out.int(20, 7)
      break
    case 'other':
      break
    default:
      attribute satisfies never
  }
  return out
}

function encodeTensor(tensor: OnnxTensor): WireWriter {
  const out = new WireWriter()
  for (const size of tensor.dims) out.int(1, size)
  out.int(2, tensor.type)
  for (const value of tensor.floats) out.float(4, value)
  for (const value of tensor.ints) out.int(tensor.type === dataType.int64 ? 7 : 5, value)
  out.string(8, tensor.name)
  if (tensor.raw) out.bytes(9, tensor.raw)
  if (tensor.external) out.int(14, 1)
  return out
}

function encodeValue(value: OnnxValue): WireWriter {
  const tensorType = new WireWriter()
  tensorType.int(1, value.elementType)
  if (value.shape) {
    const shape = new WireWriter()
    for (const size of value.shape) {
      const dimension = new WireWriter()
      if (typeof size === 'number') dimension.int(1, size)
      else if (size !== undefined) dimension.string(2, size)
      shape.message(1, dimension)
    }
    tensorType.message(2, shape)
  }
  const type = new WireWriter()
  type.message(1, tensorType)
  const out = new WireWriter()
  out.string(1, value.name)
  out.message(2, type)
  return out
}
