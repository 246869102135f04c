import { Builder, type Offset } from 'flatbuffers'
import {
  bytes,
  type Field,
  floats,
  int8,
  int32,
  ints,
  longs,
  offsets,
  ref,
  table,
  uint8,
  uint32,
} from './flatbuffer.ts'
import { identifier, type Operator, operators, optionTypes, schemaVersion, tensorTypes } from './schema.ts'

/** An input or output of the file: its public name and its tensor. */
export interface Port {
  readonly name: string
  readonly tensor: number
}

/** Elements of a constant: float16 as its bits. */
export type ConstantData = Float32Array | Uint16Array | Int32Array | Int8Array

/** What the elements of an int8 tensor stand for: `scale (element - zero point)`, one of each along `axis`. */
export interface Quantization {
  readonly scales: Float32Array
  readonly zeroPoints: Int8Array
  readonly axis: number
}

export interface OperatorOptions {
  /** The fields of the operator's options table, in the order of the schema. Default: no table. */
  readonly fields?: readonly Field[]
  /** The version of the operator: what a runtime must know to run it. Default 1. */
  readonly version?: number
}

/** A .tflite file with one subgraph in the making. Tensors are known by their index in it. */
export class FileBuilder {
  readonly #builder: Builder
  /** Buffer 0 is the empty one of all tensors that are computed. */
  readonly #buffers: Offset[] = []
  readonly #tensors: Offset[] = []
  readonly #operators: Offset[] = []
  readonly #codes: { readonly operator: Operator; readonly version: number }[] = []

  /** `sizeHint` in bytes saves copies where it is enough. */
  constructor(sizeHint: number) {
    this.#builder = new Builder(sizeHint)
    this.#buffers.push(table(this.#builder, []))
  }

  /** A float32 tensor that an operator, or the caller, fills. */
  value(name: string, shape: readonly number[]): number {
    return this.#tensor(name, shape, tensorTypes.float32, 0)
  }

  /** A tensor whose elements are in the file. */
  constant(name: string, shape: readonly number[], data: ConstantData, quantization?: Quantization): number {
    const buffer = this.#buffer(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    return this.#tensor(name, shape, constantType(data), buffer, quantization)
  }

  /** Append an operator. */
  operator(
    operator: Operator,
    inputs: readonly number[],
    output: number,
    { fields, version = 1 }: OperatorOptions = {},
  ): void {
    const builder = this.#builder
    let code = this.#codes.findIndex((each) => each.operator === operator && each.version === version)
    if (code < 0) code = this.#codes.push({ operator, version }) - 1
    const options: Field[] = []
    if (fields) {
      const written = table(builder, fields)
      options.push(uint8(optionTypes[operator] ?? 0), ref(written))
    }
    const inputVector = ints(builder, inputs)
    const outputVector = ints(builder, [output])
    this.#operators.push(table(builder, [uint32(code), ref(inputVector), ref(outputVector), ...options]))
  }

  /** The bytes of the file; `metadata` by name, as the format keeps it. The builder cannot be used afterwards. */
  finish(
    description: string,
    inputs: readonly Port[],
    outputs: readonly Port[],
    metadata: Readonly<Record<string, Uint8Array>>,
  ): Uint8Array {
    const builder = this.#builder
    const tensorMaps = (ports: readonly Port[]): Field =>
      ref(
        offsets(
          builder,
          ports.map(({ name, tensor }) => table(builder, [ref(builder.createString(name)), uint32(tensor)])),
        ),
      )
    const tensors = (ports: readonly Port[]): Field =>
      ref(
        ints(
          builder,
          ports.map(({ tensor }) => tensor),
        ),
      )
    const entries = Object.entries(metadata).map(([name, data]) => {
      const buffer = uint32(this.#buffer(data))
      return table(builder, [ref(builder.createString(name)), buffer])
    })
    const signature = table(builder, [
      tensorMaps(inputs),
      tensorMaps(outputs),
      ref(builder.createString('serving_default')),
      undefined,
      uint32(0),
    ])
    const subgraph = table(builder, [
      ref(offsets(builder, this.#tensors)),
      tensors(inputs),
      tensors(outputs),
      ref(offsets(builder, this.#operators)),
      ref(builder.createString('main')),
    ])
    const codes = this.#codes.map(({ operator, version }) => {
      const number = operators[operator]
      return table(builder, [int8(Math.min(number, firstWideCode)), undefined, int32(version), int32(number)])
    })
    const root = table(builder, [
      uint32(schemaVersion),
      ref(offsets(builder, codes)),
      ref(offsets(builder, [subgraph])),
      ref(builder.createString(description)),
      ref(offsets(builder, this.#buffers)),
      undefined,
      entries.length === 0 ? undefined : ref(offsets(builder, entries)),
      ref(offsets(builder, [signature])),
    ])
    builder.finish(root, identifier)
    return builder.asUint8Array()
  }

  #buffer(data: Uint8Array): number {
    const written = bytes(this.#builder, data)
    return this.#buffers.push(table(this.#builder, [ref(written)])) - 1
  }

  #tensor(
    name: string,
    shape: readonly number[],
    type: number,
    buffer: number,
    quantization?: Quantization,
  ): number {
    const builder = this.#builder
    const meaning = quantization && this.#quantization(quantization)
    const shapeVector = ints(builder, shape)
    const written = builder.createString(name)
    const fields = [ref(shapeVector), int8(type), uint32(buffer), ref(written)]
    if (meaning !== undefined) fields.push(ref(meaning))
    return this.#tensors.push(table(builder, fields)) - 1
  }

  #quantization({ scales, zeroPoints, axis }: Quantization): Offset {
    const builder = this.#builder
    const [scale, zero] = [ref(floats(builder, scales)), ref(longs(builder, zeroPoints))]
    return table(builder, [undefined, undefined, scale, zero, undefined, undefined, int32(axis)])
  }
}

/** What the field of old readers, a byte, holds for an operator with a larger number. */
const firstWideCode = 127

function constantType(data: ConstantData): number {
  if (data instanceof Int32Array) return tensorTypes.int32
  if (data instanceof Int8Array) return tensorTypes.int8
  return data instanceof Uint16Array ? tensorTypes.float16 : tensorTypes.float32
}
