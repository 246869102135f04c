/**
 * An ML program (MIL) with its Core ML description, as plain data: what the writer makes, the linter judges, the reader
 * gives and the interpreter runs. It is not responsible for bytes, nor for whether a program makes sense.
 */

/** Element types, by coremltools' names. */
export type MilType =
  | 'bool'
  | 'string'
  | 'fp16'
  | 'fp32'
  | 'fp64'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  /** Packed, from iOS 18 on: weights that others have compressed. */
  | 'int4'
  | 'uint1'
  | 'uint2'
  | 'uint3'
  | 'uint4'
  | 'uint6'

export interface TensorType {
  readonly kind: 'tensor'
  readonly dtype: MilType
  /** Empty for a scalar. */
  readonly shape: readonly number[]
}

export type ValueType =
  | TensorType
  | { readonly kind: 'list'; readonly element: ValueType; readonly length: number }
  | { readonly kind: 'dictionary'; readonly key: ValueType; readonly value: ValueType }

export type Payload =
  | { readonly kind: 'numbers'; readonly values: ArrayLike<number> }
  | { readonly kind: 'bools'; readonly values: readonly boolean[] }
  | { readonly kind: 'strings'; readonly values: readonly string[] }
  /** Little-endian elements: fp16 and the 8-bit types have no list of their own. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'list'; readonly values: readonly Value[] }
  | { readonly kind: 'blob'; readonly file: string; readonly offset: number }

export interface Value {
  readonly type: ValueType
  readonly payload: Payload
}

export type Binding =
  | { readonly kind: 'name'; readonly name: string }
  /** Of an argument that takes any number of values: two or more. */
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'value'; readonly value: Value }

export interface NamedType {
  readonly name: string
  readonly type: ValueType
}

export interface Operation {
  readonly type: string
  readonly inputs: ReadonlyMap<string, Binding>
  readonly outputs: readonly NamedType[]
  readonly attributes: ReadonlyMap<string, Value>
}

export interface Program {
  readonly version: number
  readonly functionName: string
  readonly opset: string
  /** The key of the only block specialisation; Core ML wants it equal to `opset`. */
  readonly specialization: string
  readonly inputs: readonly NamedType[]
  readonly operations: readonly Operation[]
  readonly outputs: readonly string[]
}

export type FeatureType =
  | {
      readonly kind: 'image'
      readonly width: number
      readonly height: number
      readonly colorSpace: 'none' | 'grayscale' | 'rgb' | 'bgr' | 'grayscale-fp16'
    }
  | { readonly kind: 'multiArray'; readonly dtype: MilType | 'none'; readonly shape: readonly number[] }
  | { readonly kind: 'string' | 'int64' | 'double' }
  | { readonly kind: 'dictionary'; readonly key: 'string' | 'int64' }
  | { readonly kind: 'other' }

export interface Feature {
  readonly name: string
  readonly description: string
  readonly type: FeatureType
}

export interface Metadata {
  readonly description: string
  readonly version: string
  readonly author: string
  readonly licence: string
  readonly userDefined: ReadonlyMap<string, string>
}

export interface Description {
  readonly inputs: readonly Feature[]
  readonly outputs: readonly Feature[]
  readonly predictedFeatureName: string
  readonly predictedProbabilitiesName: string
  readonly metadata: Metadata
}

/** The contents of `model.mlmodel` in a package. */
export interface Specification {
  readonly version: number
  readonly description: Description
  readonly program: Program
}

/** A tensor type. */
export function tensorType(dtype: MilType, shape: readonly number[] = []): TensorType {
  return { kind: 'tensor', dtype, shape }
}

/** A scalar string value. */
export function stringValue(text: string): Value {
  return { type: tensorType('string'), payload: { kind: 'strings', values: [text] } }
}

/** `fp16[1, 64, 7, 7]`, as printed in messages. */
export function formatType(type: ValueType): string {
  switch (type.kind) {
    case 'tensor':
      return `${type.dtype}[${type.shape.join(', ')}]`
    case 'list':
      return `list of ${type.length} ${formatType(type.element)}`
    case 'dictionary':
      return `dictionary of ${formatType(type.key)} to ${formatType(type.value)}`
    default:
      return type satisfies never
  }
}

export function sameType(a: ValueType, b: ValueType): boolean {
  return formatType(a) === formatType(b)
}
