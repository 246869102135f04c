import { Builder, type Offset } from 'flatbuffers'
import { bytes, type Field, int8, int32, ints, offsets, ref, table, uint8, uint32 } from './flatbuffer.ts'
import { identifier, type Operator, operators, optionTypes, schemaVersion, tensorTypes } from './schema.ts'

/** An input or output of the file: its public name and its tensor. */
export interface Port {
  readonly name: string
  readonly tensor: number
}

/** A .tflite file with one subgraph in the making. Tensors are known by their index in it. */
export class FileBuilder {
  readonly #builder: Builder
  /** Buffer 0 is the empty one of all tensors that are computed. */
  readonly #buffers: Offset[] = []
  readonly #tensors: Offset[] = []
  readonly #operators: Offset[] = []
  readonly #codes: Operator[] = []

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
  constant(name: string, shape: readonly number[], data: Float32Array | Int32Array): number {
    const written = bytes(this.#builder, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    const buffer = this.#buffers.push(table(this.#builder, [ref(written)])) - 1
    const type = data instanceof Int32Array ? tensorTypes.int32 : tensorTypes.float32
    return this.#tensor(name, shape, type, buffer)
  }

  /** Append an operator; `options` are the fields of its options table, in the order of the schema. */
  operator(name: Operator, inputs: readonly number[], output: number, options?: readonly Field[]): void {
    const builder = this.#builder
    if (!this.#codes.includes(name)) this.#codes.push(name)
    const fields: Field[] = []
    if (options) {
      const optionType = optionTypes[name]
      const written = table(builder, options)
      fields.push(optionType === undefined ? undefined : uint8(optionType), ref(written))
    }
    const inputVector = ints(builder, inputs)
    const outputVector = ints(builder, [output])
    const code = uint32(this.#codes.indexOf(name))
    this.#operators.push(table(builder, [code, ref(inputVector), ref(outputVector), ...fields]))
  }

  /** The bytes of the file. The builder cannot be used afterwards. */
  finish(description: string, input: Port, output: Port): Uint8Array {
    const builder = this.#builder
    const tensorMap = ({ name, tensor }: Port): Offset =>
      table(builder, [ref(builder.createString(name)), uint32(tensor)])
    const signature = table(builder, [
      ref(offsets(builder, [tensorMap(input)])),
      ref(offsets(builder, [tensorMap(output)])),
      ref(builder.createString('serving_default')),
      undefined,
      uint32(0),
    ])
    const subgraph = table(builder, [
      ref(offsets(builder, this.#tensors)),
      ref(ints(builder, [input.tensor])),
      ref(ints(builder, [output.tensor])),
      ref(offsets(builder, this.#operators)),
      ref(builder.createString('main')),
    ])
    const codes = this.#codes.map((name) =>
      table(builder, [int8(operators[name]), undefined, int32(1), int32(operators[name])]),
    )
    const root = table(builder, [
      uint32(schemaVersion),
      ref(offsets(builder, codes)),
      ref(offsets(builder, [subgraph])),
      ref(builder.createString(description)),
      ref(offsets(builder, this.#buffers)),
      undefined,
      undefined,
      ref(offsets(builder, [signature])),
    ])
    builder.finish(root, identifier)
    return builder.asUint8Array()
  }

  #tensor(name: string, shape: readonly number[], type: number, buffer: number): number {
    const builder = this.#builder
    const shapeVector = ints(builder, shape)
    const written = builder.createString(name)
    const fields = [ref(shapeVector), int8(type), uint32(buffer), ref(written)]
    return this.#tensors.push(table(builder, fields)) - 1
  }
}
