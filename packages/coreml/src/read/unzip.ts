/**
 * Zip files by their central directory (PKWARE's APPNOTE, 4.3): stored and deflated entries, no zip64, no encryption. Sizes are checked
 * before anything is unpacked, stored files are views, and inflating stops where a file is longer than it said.
 */
import { isMobileOneError, MobileOneError } from '@mobileone/core'
import { Inflate } from 'fflate'
import { limits, unpackedLimit } from './limits.ts'

interface Entry {
  readonly name: string
  readonly deflated: boolean
  readonly size: number
  readonly data: Uint8Array
}

/** Bytes given to the inflater at a time, of which it makes at most 1032 times as many. */
const inflateStep = 2 ** 12

/**
 * The files whose names `wanted` takes, by name; folders are left out.
 * @throws MobileOneError `invalid-file` for damaged files, `unsupported` where they would be larger than a file of this size may be.
 */
export function unzip(bytes: Uint8Array, wanted: (name: string) => boolean): ReadonlyMap<string, Uint8Array> {
  const entries = listEntries(bytes).filter(({ name }) => !name.endsWith('/') && wanted(name))
  const packed = entries.reduce((sum, { data }) => sum + data.length, 0)
  if (packed > bytes.length) fail('its entries overlap')
  const total = entries.reduce((sum, { size }) => sum + size, 0)
  if (total > unpackedLimit(bytes.length)) {
    throw new MobileOneError(
      'unsupported',
      `the zip file of ${bytes.length} bytes would unpack to ${total}, and ${unpackedLimit(bytes.length)} are allowed; unzip it first and give the files`,
    )
  }
  const files = new Map<string, Uint8Array>()
  for (const entry of entries) {
    if (files.has(entry.name)) fail(`it holds "${entry.name}" twice`)
    files.set(entry.name, entry.deflated ? inflate(entry) : entry.data)
  }
  return files
}

function fail(message: string, options?: { cause: unknown }): never {
  throw new MobileOneError(
    'invalid-file',
    `not a readable Core ML package: the zip file is damaged: ${message}`,
    options,
  )
}

function listEntries(bytes: Uint8Array): readonly Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = findEnd(view)
  const count = view.getUint16(end + 10, true)
  let at = view.getUint32(end + 16, true)
  if (count === 0xffff || at === 0xffff_ffff) fail('it is of the form for more than 4 GB (zip64)')
  if (count > limits.files) fail(`it holds ${count} files, where at most ${limits.files} belong`)
  const entries: Entry[] = []
  for (let index = 0; index < count; index++) {
    if (at + 46 > end || view.getUint32(at, true) !== 0x02014b50)
      fail(`no entry ${index} of its directory at byte ${at}`)
    const method = view.getUint16(at + 10, true)
    const [packed, size] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true)]
    const nameLength = view.getUint16(at + 28, true)
    if (nameLength > limits.nameBytes || at + 46 + nameLength > end)
      fail(`entry ${index} has a name of ${nameLength} bytes`)
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength))
    const where = `the file "${name}" in it`
    if (view.getUint16(at + 8, true) & 1) fail(`${where} is encrypted`)
    if (method !== 0 && method !== 8) fail(`${where} is compressed by method ${method}`)
    const header = view.getUint32(at + 42, true)
    if (header + 30 > bytes.length || view.getUint32(header, true) !== 0x04034b50)
      fail(`${where} is not at byte ${header}`)
    const start = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true)
    if (start + packed > bytes.length) fail(`${where} has ${packed} bytes from byte ${start} on`)
    // Deflate never shrinks by more than 1032 times.
    if (method === 0 ? size !== packed : size > (packed + 16) * 1032)
      fail(`${where} has ${packed} bytes and claims ${size}`)
    entries.push({ name, deflated: method === 8, size, data: bytes.subarray(start, start + packed) })
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true)
  }
  return entries
}

/** Offset of the end record, which a comment of up to 64 KiB may follow. */
function findEnd(view: DataView): number {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 0xffff); at--)
    if (view.getUint32(at, true) === 0x06054b50) return at
  return fail('it has no directory; it is cut short')
}

function inflate({ name, size, data }: Entry): Uint8Array {
  const out = new Uint8Array(size)
  let length = 0
  const tooLong = (): never => fail(`"${name}" unpacks to more than the ${size} bytes it claims`)
  const inflater = new Inflate((chunk) => {
    if (length + chunk.length > size) tooLong()
    out.set(chunk, length)
    length += chunk.length
  })
  try {
    for (let at = 0; at < data.length; at += inflateStep)
      inflater.push(data.subarray(at, at + inflateStep), at + inflateStep >= data.length)
  } catch (cause) {
    if (isMobileOneError(cause)) throw cause
    return fail(`"${name}": ${(cause as Error).message}`, { cause })
  }
  if (length !== size) fail(`"${name}" unpacks to ${length} bytes and claims ${size}`)
  return out
}
