/** Writes pickles opcode by opcode, honest or hostile. */

export type Part = number | string | Uint8Array | readonly Part[]

/** Concatenate bytes: numbers are bytes, strings are latin-1. */
export function bytesOf(...parts: readonly Part[]): Uint8Array {
  const out: Uint8Array[] = []
  const add = (part: Part): void => {
    if (typeof part === 'number') out.push(Uint8Array.of(part))
    else if (typeof part === 'string') out.push(Buffer.from(part, 'latin1'))
    else if (part instanceof Uint8Array) out.push(part)
    else for (const inner of part) add(inner)
  }
  add(parts)
  return Uint8Array.from(Buffer.concat(out))
}

export function u16(value: number): number[] {
  return [value & 255, (value >> 8) & 255]
}

export function u32(value: number): number[] {
  return [...u16(value & 0xffff), ...u16(value >>> 16)]
}

export function u64(value: bigint): number[] {
  return Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n))
}

export const op = {
  proto: (version: number): Part => [0x80, version],
  stop: '.',
  mark: '(',
  none: 'N',
  emptyTuple: ')',
  emptyDict: '}',
  emptyList: ']',
  tuple: 't',
  reduce: 'R',
  build: 'b',
  setItem: 's',
  setItems: 'u',
  persistentId: 'Q',
  string: (text: string): Part => ['X', u32(text.length), text],
  int: (value: number): Part => ['J', u32(value)],
  global: (module: string, name: string): Part => `c${module}\n${name}\n`,
} as const

/** `torch._utils._rebuild_tensor_v2` of one storage, as torch.save writes it. */
export function tensor(options: {
  readonly key: string
  readonly storage?: string
  readonly length: number
  readonly offset?: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]
}): Part {
  const { key, storage = 'FloatStorage', length, offset = 0, shape, strides } = options
  const ints = (values: readonly number[]): Part => [op.mark, ...values.map(op.int), op.tuple]
  return [
    op.global('torch._utils', '_rebuild_tensor_v2'),
    op.mark,
    [
      op.mark,
      op.string('storage'),
      op.global('torch', storage),
      op.string(key),
      op.string('cpu'),
      op.int(length),
    ],
    [op.tuple, op.persistentId, op.int(offset), ints(shape), ints(strides)],
    [0x89, op.global('collections', 'OrderedDict'), op.emptyTuple, op.reduce],
    op.tuple,
    op.reduce,
  ]
}

/** A pickled dict, protocol 2. */
export function dict(entries: Readonly<Record<string, Part>>): Uint8Array {
  const items = Object.entries(entries).map(([key, value]) => [op.string(key), value])
  return bytesOf(op.proto(2), op.emptyDict, op.mark, ...items, op.setItems, op.stop)
}
