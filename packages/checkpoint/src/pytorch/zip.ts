/**
 * The part of zip that `torch.save` uses: stored entries found through the central directory, zip64 included. Entries are
 * views of the file. Compressed, encrypted and overlapping entries are refused, so a small file cannot become a large one.
 */
import { invalidFile } from '../invalid-file.ts'

const localHeader = 0x04034b50
const centralHeader = 0x02014b50
const endRecord = 0x06054b50
const zip64Locator = 0x07064b50
const zip64EndRecord = 0x06064b50
const centralHeaderSize = 46
const utf8 = new TextDecoder()

interface Directory {
  readonly count: number
  readonly offset: number
  readonly size: number
}

/** Looks entries up by name. */
export interface Zip {
  readonly names: readonly string[]
  /** @throws MobileOneError `invalid-file` when the entry is compressed. */
  get(name: string): Uint8Array | undefined
}

interface Span {
  readonly name: string
  readonly method: number
  readonly begin: number
  readonly end: number
}

/** Read the directory. @throws MobileOneError `invalid-file`, with the byte offset. */
export function readZip(bytes: Uint8Array): Zip {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const directory = findDirectory(view)
  const spans: Span[] = []
  let at = directory.offset
  const directoryEnd = directory.offset + directory.size
  for (let i = 0; i < directory.count; i++) {
    if (at + centralHeaderSize > directoryEnd || view.getUint32(at, true) !== centralHeader) {
      invalidFile(`zip: entry ${i} of ${directory.count} is not where the directory says, at byte ${at}`)
    }
    const nameLength = view.getUint16(at + 28, true)
    const extraLength = view.getUint16(at + 30, true)
    const next = at + centralHeaderSize + nameLength + extraLength + view.getUint16(at + 32, true)
    if (next > directoryEnd) invalidFile(`zip: entry ${i} runs past the directory, at byte ${at}`)
    spans.push(locate(bytes, view, at, nameLength, extraLength))
    at = next
  }
  return toZip(bytes, spans)
}

function toZip(bytes: Uint8Array, spans: Span[]): Zip {
  const entries = new Map<string, Span>()
  for (const span of spans) {
    if (entries.has(span.name)) invalidFile(`zip: the entry ${JSON.stringify(span.name)} appears twice`)
    entries.set(span.name, span)
  }
  refuseOverlaps(spans)
  return {
    names: [...entries.keys()],
    get(name) {
      const span = entries.get(name)
      if (span === undefined) return undefined
      if (span.method !== 0) {
        invalidFile(
          `zip: the entry ${JSON.stringify(name)} is compressed (method ${span.method}); torch.save stores entries as they are: ` +
            'load and save the file again in PyTorch',
        )
      }
      return bytes.subarray(span.begin, span.end)
    },
  }
}

function refuseOverlaps(spans: Span[]): void {
  spans.sort((a, b) => a.begin - b.begin || a.end - b.end)
  for (let i = 1; i < spans.length; i++) {
    const before = spans[i - 1]!
    const after = spans[i]!
    if (after.begin < before.end) {
      invalidFile(
        `zip: the entries ${JSON.stringify(before.name)} and ${JSON.stringify(after.name)} overlap at byte ${after.begin}`,
      )
    }
  }
}

function locate(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  nameLength: number,
  extraLength: number,
): Span {
  const nameStart = at + centralHeaderSize
  const name = utf8.decode(bytes.subarray(nameStart, nameStart + nameLength))
  const quoted = JSON.stringify(name)
  const flags = view.getUint16(at + 8, true)
  const method = view.getUint16(at + 10, true)
  if (flags & 1) invalidFile(`zip: the entry ${quoted} is encrypted; torch.save never does that`)
  const compressed = view.getUint32(at + 20, true)
  const uncompressed = view.getUint32(at + 24, true)
  const offset = view.getUint32(at + 42, true)
  const wide = readZip64(view, nameStart + nameLength, extraLength, [uncompressed, compressed, offset])
  const [size, storedSize, header] = wide as [number, number, number]
  if (method === 0 && size !== storedSize)
    invalidFile(`zip: the entry ${quoted} is stored, yet has two sizes, at byte ${at}`)
  if (header + 30 > bytes.length || view.getUint32(header, true) !== localHeader) {
    invalidFile(`zip: the entry ${quoted} has no header at byte ${header}`)
  }
  const begin = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true)
  const end = begin + storedSize
  if (end > bytes.length) {
    invalidFile(
      `zip: the entry ${quoted} (${storedSize} bytes from byte ${begin}) runs past the end of the file`,
    )
  }
  return { name, method, begin, end }
}

/** Replace each saturated 32-bit field by the next value of the zip64 extra field, in the format's order. */
function readZip64(view: DataView, start: number, length: number, fields: readonly number[]): number[] {
  if (!fields.includes(0xffffffff)) return [...fields]
  const end = start + length
  let at = start
  while (at + 4 <= end && view.getUint16(at, true) !== 1) at += 4 + view.getUint16(at + 2, true)
  let value = at + 4
  const valueEnd = at + 4 <= end ? Math.min(end, value + view.getUint16(at + 2, true)) : 0
  return fields.map((field) => {
    if (field !== 0xffffffff) return field
    if (value + 8 > valueEnd)
      invalidFile(`zip: the zip64 field of an entry is missing or too short, at byte ${start}`)
    value += 8
    return readUint64(view, value - 8)
  })
}

function findDirectory(view: DataView): Directory {
  const last = view.byteLength - 22
  let at = last
  while (at >= 0 && at >= last - 0xffff && view.getUint32(at, true) !== endRecord) at--
  if (at < 0 || at < last - 0xffff) {
    invalidFile(
      'zip: there is no end-of-directory record; the file is cut short (a download that did not finish?) or damaged',
    )
  }
  let count = view.getUint16(at + 10, true)
  let size = view.getUint32(at + 12, true)
  let offset = view.getUint32(at + 16, true)
  if (count === 0xffff || size === 0xffffffff || offset === 0xffffffff) {
    if (at < 20 || view.getUint32(at - 20, true) !== zip64Locator) {
      invalidFile(`zip: the zip64 locator before byte ${at} is missing`)
    }
    const record = readUint64(view, at - 12)
    if (record + 56 > view.byteLength || view.getUint32(record, true) !== zip64EndRecord) {
      invalidFile(`zip: there is no zip64 end record at byte ${record}`)
    }
    count = readUint64(view, record + 32)
    size = readUint64(view, record + 40)
    offset = readUint64(view, record + 48)
  }
  if (offset + size > view.byteLength || count * centralHeaderSize > size) {
    invalidFile(
      `zip: a directory of ${count} entries in ${size} bytes at byte ${offset} does not fit a file of ${view.byteLength} bytes`,
    )
  }
  return { count, size, offset }
}

function readUint64(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true)
  if (value > BigInt(view.byteLength)) {
    invalidFile(`zip: the number ${value} at byte ${at} is larger than the file (${view.byteLength} bytes)`)
  }
  return Number(value)
}
