import { ByteBuffer } from 'flatbuffers'

export interface ReadTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly type: number
  /** Bytes of its elements in the file; 0 where they are computed. */
  readonly bytes: number
}

export interface ReadOperator {
  readonly builtin: number
  readonly inputs: readonly (ReadTensor | undefined)[]
  readonly output: ReadTensor
}

export interface ReadFile {
  readonly identifier: string
  readonly version: number
  readonly operators: readonly ReadOperator[]
  readonly inputs: readonly ReadTensor[]
  readonly outputs: readonly ReadTensor[]
}

/** The graph of a .tflite file, by the field numbers of the schema. */
export function readTflite(bytes: Uint8Array): ReadFile {
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

  const root = buffer.readInt32(0)
  const buffers = tables(root, 4)
  const codes = tables(root, 1).map((code) => integer(code, 3))
  const [subgraph = 0] = tables(root, 2)
  const tensors = tables(subgraph, 0).map((table): ReadTensor => {
    const type = field(table, 1)
    const name = field(table, 3)
    const data = buffers[integer(table, 2)] as number
    return {
      name: name === undefined ? '' : (buffer.__string(name) as string),
      shape: ints(table, 0),
      type: type === undefined ? 0 : buffer.readInt8(type),
      bytes: vector(data, 0, 1, () => 0).length,
    }
  })
  const operators = tables(subgraph, 3).map(
    (table): ReadOperator => ({
      builtin: codes[integer(table, 0)] as number,
      inputs: ints(table, 1).map((index) => tensors[index]),
      output: tensors[ints(table, 2)[0] as number] as ReadTensor,
    }),
  )
  return {
    identifier: new TextDecoder().decode(bytes.subarray(4, 8)),
    version: integer(root, 0),
    operators,
    inputs: ints(subgraph, 1).map((index) => tensors[index] as ReadTensor),
    outputs: ints(subgraph, 2).map((index) => tensors[index] as ReadTensor),
  }
}
