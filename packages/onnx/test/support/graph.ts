import { encodeModel } from '../../src/encode.ts'
import {
  dataType,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
} from '../../src/proto.ts'

type Plain = number | string | readonly number[] | { readonly float: number } | OnnxTensor

/** A node; numbers in attributes are ints unless wrapped as `{ float }`. Its name is `<op><first output>`. */
export function node(
  op: string,
  inputs: readonly string[],
  outputs: string | readonly string[],
  attributes: Readonly<Record<string, Plain>> = {},
): OnnxNode {
  const entries = Object.entries(attributes).map(([name, value]) => [name, wrap(value)] as const)
  const names = typeof outputs === 'string' ? [outputs] : outputs
  return { name: `${op} ${names[0]}`, op, domain: '', inputs, outputs: names, attributes: new Map(entries) }
}

function wrap(value: Plain): OnnxAttribute {
  if (typeof value === 'number') return { type: 'int', value }
  if (typeof value === 'string') return { type: 'string', value }
  if ('float' in value) return { type: 'float', value: value.float }
  return 'dims' in value ? { type: 'tensor', value } : { type: 'ints', value: value as readonly number[] }
}

/** A float initialiser; without elements, 0.1, 0.2, 0.3, … */
export function weight(name: string, dims: readonly number[], elements?: readonly number[]): OnnxTensor {
  const count = dims.reduce((product, size) => product * size, 1)
  const data = elements ?? Array.from({ length: count }, (_, index) => (index + 1) / 10)
  return {
    name,
    dims,
    type: dataType.float,
    raw: Float32Array.from(data),
    floats: [],
    ints: [],
    doubles: [],
    external: false,
  }
}

/** An int64 initialiser. */
export function integers(
  name: string,
  values: readonly number[],
  dims: readonly number[] = [values.length],
): OnnxTensor {
  return { name, dims, type: dataType.int64, floats: [], ints: values, doubles: [], external: false }
}

export interface FileParts {
  readonly shape?: readonly (number | string | undefined)[]
  readonly nodes: readonly OnnxNode[]
  readonly weights?: readonly OnnxTensor[]
  readonly opset?: number
  readonly outputs?: readonly string[]
  readonly elementType?: number
  readonly metadata?: OnnxModel['metadata']
  /** Inputs besides `x`. */
  readonly more?: OnnxModel['graph']['inputs']
}

/** An ONNX file with the input `x`, by default [2, 3, 5, 6], and the output `y`. */
export function file(parts: FileParts): Uint8Array {
  const {
    shape = [2, 3, 5, 6],
    nodes,
    weights = [],
    opset = 17,
    outputs = ['y'],
    elementType = dataType.float,
  } = parts
  return encodeModel({
    irVersion: 8,
    producer: 'test',
    docString: '',
    opsets: [{ domain: '', version: opset }],
    metadata: parts.metadata ?? [],
    graph: {
      name: 'test',
      nodes,
      initializers: weights,
      inputs: [{ name: 'x', elementType, shape }, ...(parts.more ?? [])],
      outputs: outputs.map((name) => ({ name, elementType: dataType.float })),
    },
  }).finish()
}
