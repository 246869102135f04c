import { ByteBuffer } from 'flatbuffers'

export interface ReadTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly type: number
  /** Bytes of its elements in the file; 0 where they are computed. */
  readonly bytes: number
  /** Of an int8 tensor, one for each index of an axis. */
  readonly scales?: readonly number[]
}

export interface ReadOperator {
  readonly builtin: number
  readonly version: number
  readonly inputs: readonly (ReadTensor | undefined)[]
  readonly output: ReadTensor
}

export interface ReadFile {
  readonly identifier: string
  readonly version: number
  readonly operators: readonly ReadOperator[]
  readonly inputs: readonly ReadTensor[]
  readonly outputs: readonly ReadTensor[]
  /** The names in the only signature. */
  readonly signature: { readonly inputs: readonly string[]; readonly outputs: readonly string[] }
  readonly metadata: Readonly<Record<string, Uint8Array>>
}

/** The parts of TensorFlow Lite metadata that are written. */
export interface ReadMetadata {
  readonly identifier: string
  readonly name: string
  readonly description: string
  readonly author: string
  readonly licence: string
  readonly inputs: readonly { readonly name: string; readonly mean: number[]; readonly std: number[] }[]
  readonly outputs: readonly { readonly name: string; readonly files: readonly string[] }[]
}

/** The graph of a .tflite file, by the field numbers of the schema. */
export function readTflite(bytes: Uint8Array): ReadFile {
  const { buffer, field, integer, ints, tables, text, vector } = reader(bytes)
  const root = buffer.readInt32(0)
  const buffers = tables(root, 4)
  const codes = tables(root, 1).map((code) => ({ builtin: integer(code, 3), version: integer(code, 2) }))
  const [subgraph = 0] = tables(root, 2)
  const tensors = tables(subgraph, 0).map((table): ReadTensor => {
    const type = field(table, 1)
    const quantization = field(table, 4)
    const scales =
      quantization === undefined
        ? undefined
        : vector(buffer.__indirect(quantization), 2, 4, (at) => buffer.readFloat32(at))
    const data = buffers[integer(table, 2)] as number
    return {
      name: text(table, 3),
      shape: ints(table, 0),
      type: type === undefined ? 0 : buffer.readInt8(type),
      bytes: vector(data, 0, 1, () => 0).length,
      ...(scales && { scales }),
    }
  })
  const operators = tables(subgraph, 3).map(
    (table): ReadOperator => ({
      ...(codes[integer(table, 0)] as { readonly builtin: number; readonly version: number }),
      inputs: ints(table, 1).map((index) => tensors[index]),
      output: tensors[ints(table, 2)[0] as number] as ReadTensor,
    }),
  )
  const [signature = 0] = tables(root, 7)
  const named = (slot: number): string[] => tables(signature, slot).map((table) => text(table, 0))
  const metadata = tables(root, 6).map((table) => {
    const data = buffers[integer(table, 1)] as number
    return [text(table, 0), Uint8Array.from(vector(data, 0, 1, (at) => buffer.readUint8(at)))] as const
  })
  return {
    identifier: new TextDecoder().decode(bytes.subarray(4, 8)),
    version: integer(root, 0),
    operators,
    inputs: ints(subgraph, 1).map((index) => tensors[index] as ReadTensor),
    outputs: ints(subgraph, 2).map((index) => tensors[index] as ReadTensor),
    signature: { inputs: named(0), outputs: named(1) },
    metadata: Object.fromEntries(metadata),
  }
}

/** The metadata in `bytes`, by the field numbers of its schema; of an input its first process unit. */
export function readMetadata(bytes: Uint8Array): ReadMetadata {
  const { buffer, field, tables, text, vector } = reader(bytes)
  const root = buffer.readInt32(0)
  const [subgraph = 0] = tables(root, 3)
  const floats = (table: number, slot: number): number[] =>
    vector(table, slot, 4, (at) => buffer.readFloat32(at))
  return {
    identifier: new TextDecoder().decode(bytes.subarray(4, 8)),
    name: text(root, 0),
    description: text(root, 1),
    author: text(root, 4),
    licence: text(root, 5),
    inputs: tables(subgraph, 2).map((table) => {
      const [unit = 0] = tables(table, 4)
      const normalization = buffer.__indirect(field(unit, 1) ?? 0)
      return { name: text(table, 0), mean: floats(normalization, 0), std: floats(normalization, 1) }
    }),
    outputs: tables(subgraph, 3).map((table) => ({
      name: text(table, 0),
      files: tables(table, 6).map((file) => text(file, 0)),
    })),
  }
}

interface Reader {
  readonly buffer: ByteBuffer
  field(table: number, slot: number): number | undefined
  integer(table: number, slot: number): number
  text(table: number, slot: number): string
  ints(table: number, slot: number): number[]
  tables(table: number, slot: number): number[]
  vector<T>(table: number, slot: number, width: number, read: (at: number) => T): T[]
}

/** Fields of the tables of a FlatBuffer. */
function reader(bytes: Uint8Array): Reader {
  const buffer = new ByteBuffer(bytes)
  const field = (table: number, slot: number): number | undefined => {
    const offset = buffer.__offset(table, 4 + 2 * slot)
    return offset === 0 ? undefined : table + offset
  }
  const vector = <T>(table: number, slot: number, width: number, read: (at: number) => T): T[] => {
    const at = field(table, slot)
    if (at === undefined) return []
    const start = buffer.__vector(at)
    return Array.from({ length: buffer.__vector_len(at) }, (_, index) => read(start + width * index))
  }
  const tables = (table: number, slot: number): number[] =>
    vector(table, slot, 4, (at) => buffer.__indirect(at))
  const ints = (table: number, slot: number): number[] => vector(table, slot, 4, (at) => buffer.readInt32(at))
  const integer = (table: number, slot: number): number => buffer.readInt32(field(table, slot) ?? 0)
  const text = (table: number, slot: number): string => {
    const at = field(table, slot)
    return at === undefined ? '' : (buffer.__string(at) as string)
  }
  return { buffer, field, integer, text, ints, tables, vector }
}
