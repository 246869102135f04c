import { bytesOf, type Part, u16, u32, u64 } from './pickle.ts'

export interface ZipEntry {
  readonly name: string
  readonly data: Uint8Array
  readonly method?: number
  readonly flags?: number
  /** What the directory says instead of the truth. */
  readonly lie?: { readonly size?: number; readonly storedSize?: number; readonly offset?: number }
  readonly zip64?: boolean
}

/** A zip of stored entries, aligned to 64 bytes as torch.save does. */
export function writeZip(
  entries: readonly ZipEntry[],
  options: { readonly zip64?: boolean } = {},
): Uint8Array {
  const body: Part[] = []
  const directory: Part[] = []
  let at = 0
  let directorySize = 0
  for (const { name, data, method = 0, flags = 0, lie = {}, zip64 = false } of entries) {
    const padding = (64 - ((at + 30 + name.length + 4) % 64)) % 64
    const extra: Part = ['FB', u16(padding), new Uint8Array(padding)]
    body.push(['PK\x03\x04', u16(0), u16(flags), u16(method), u32(0), u32(0)])
    body.push([u32(data.length), u32(data.length), u16(name.length), u16(4 + padding), name, extra], data)
    const size = lie.size ?? data.length
    const storedSize = lie.storedSize ?? data.length
    const offset = lie.offset ?? at
    const wide: Part = zip64
      ? [u16(1), u16(24), u64(BigInt(size)), u64(BigInt(storedSize)), u64(BigInt(offset))]
      : []
    const entry = bytesOf(
      ['PK\x01\x02', u16(0), u16(0), u16(flags), u16(method), u32(0), u32(0)],
      zip64 ? [u32(0xffffffff), u32(0xffffffff)] : [u32(storedSize), u32(size)],
      [
        u16(name.length),
        u16(zip64 ? 28 : 0),
        u16(0),
        u16(0),
        u16(0),
        u32(0),
        u32(zip64 ? 0xffffffff : offset),
      ],
      [name, wide],
    )
    directory.push(entry)
    directorySize += entry.length
    at += 30 + name.length + 4 + padding + data.length
  }
  const count = entries.length
  const end: Part = options.zip64
    ? [
        ['PK\x06\x06', u64(44n), u16(0), u16(0), u32(0), u32(0), u64(BigInt(count)), u64(BigInt(count))],
        [
          u64(BigInt(directorySize)),
          u64(BigInt(at)),
          'PK\x06\x07',
          u32(0),
          u64(BigInt(at + directorySize)),
          u32(1),
        ],
        ['PK\x05\x06', u16(0), u16(0), u16(0xffff), u16(0xffff), u32(0xffffffff), u32(0xffffffff), u16(0)],
      ]
    : ['PK\x05\x06', u16(0), u16(0), u16(count), u16(count), u32(directorySize), u32(at), u16(0)]
  return bytesOf(body, directory, end)
}

/** A file as torch.save lays it out. */
export function torchZip(
  pickle: Uint8Array,
  storages: Readonly<Record<string, Uint8Array>>,
  more: readonly ZipEntry[] = [],
): Uint8Array {
  return writeZip([
    { name: 'archive/data.pkl', data: pickle },
    ...more,
    ...Object.entries(storages).map(([key, data]) => ({ name: `archive/data/${key}`, data })),
  ])
}
