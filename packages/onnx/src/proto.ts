/**
 * The parts of onnx.proto (ONNX IR version 8) that a convolutional network needs, as plain data. Field numbers are in
 * encode.ts and decode.ts.
 */

/** TensorProto.DataType. */
export const dataType = {
  float: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  double: 11,
  bfloat16: 16,
} as const

export interface OnnxModel {
  readonly irVersion: number
  readonly producer: string
  readonly docString: string
  readonly opsets: readonly OnnxOpset[]
  readonly metadata: readonly (readonly [key: string, value: string])[]
  readonly graph: OnnxGraph
}

export interface OnnxOpset {
  /** Empty for the standard operators. */
  readonly domain: string
  readonly version: number
}

export interface OnnxGraph {
  readonly name: string
  readonly nodes: readonly OnnxNode[]
  readonly initializers: readonly OnnxTensor[]
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
}

export interface OnnxNode {
  readonly name: string
  readonly op: string
  readonly domain: string
  /** Value names; empty for an optional input that is left out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, OnnxAttribute>
}

export type OnnxAttribute =
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'tensor'; readonly value: OnnxTensor }
  /** A type no convolutional network needs: subgraphs, sparse tensors, lists of strings. */
  | { readonly type: 'other' }

/** A value's name and type. */
export interface OnnxValue {
  readonly name: string
  /** A TensorProto.DataType, 0 where the type is not a tensor. */
  readonly elementType: number
  /** A number, the name of a dynamic size, or undefined for an unnamed one. Absent when unknown. */
  readonly shape?: readonly (number | string | undefined)[]
}

export interface OnnxTensor {
  readonly name: string
  readonly dims: readonly number[]
  /** A TensorProto.DataType. */
  readonly type: number
  /** Little-endian elements; otherwise one of the typed lists holds them. */
  readonly raw?: Uint8Array | Float32Array
  readonly floats: readonly number[]
  /** int32_data or int64_data. */
  readonly ints: readonly number[]
  readonly doubles: readonly number[]
  /** The elements lie in another file. */
  readonly external: boolean
}
