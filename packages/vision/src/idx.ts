import { elementCount, MobileOneError } from '@mobileone/core'

/** The content of an IDX file of unsigned bytes: the format of MNIST and Fashion-MNIST. */
export interface Idx {
  /** Images: [count, height, width]. Labels: [count]. */
  readonly shape: readonly number[]
  readonly data: Uint8Array
}

const unsignedByte = 0x08
const maxElements = 2 ** 31
/** What a gzip file may unpack to, for each of its bytes and beside: pictures shrink by 2 to 5. */
const unpackedPerByte = 8
const unpackedBytes = 32e6

/**
 * Read an IDX file, plain or gzip-compressed (http://yann.lecun.com/exdb/mnist, "the IDX file format").
 * @throws MobileOneError `invalid-file` for another format, another element type, or a file of another length than it says.
 */
export async function readIdx(bytes: Uint8Array, name = 'the IDX file'): Promise<Idx> {
  const fail = (message: string, cause?: unknown): never => {
    throw new MobileOneError('invalid-file', `${name}: ${message}`, { cause })
  }
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  if (!isGzip) {
    const layout = readHeader(bytes, fail) ?? fail('is too short for an IDX header')
    checkLength(bytes.length, layout.end, fail)
    return { shape: layout.shape, data: bytes.subarray(layout.start) }
  }
  const largest = unpackedPerByte * bytes.length + unpackedBytes
  let head: Uint8Array = new Uint8Array(0)
  let file: { shape: number[]; start: number; data: Uint8Array } | undefined
  let length = 0
  try {
    for await (const chunk of gunzip(bytes)) {
      if (!file) {
        head = concatenate([head, chunk])
        const layout = readHeader(head, fail)
        length = head.length
        if (!layout) continue
        if (layout.end > largest) {
          fail(
            `tells of ${layout.end} bytes in ${bytes.length} compressed ones, more than ${largest}; unpack it first`,
          )
        }
        if (length > layout.end) checkLength(length, layout.end, fail)
        file = { shape: layout.shape, start: layout.start, data: new Uint8Array(layout.end) }
        file.data.set(head)
      } else {
        if (length + chunk.length > file.data.length)
          checkLength(length + chunk.length, file.data.length, fail)
        file.data.set(chunk, length)
        length += chunk.length
      }
    }
  } catch (error) {
    if (error instanceof MobileOneError) throw error
    fail('the gzip data is damaged or cut short', error)
  }
  if (!file) return fail('is too short for an IDX header')
  checkLength(length, file.data.length, fail)
  return { shape: file.shape, data: file.data.subarray(file.start) }
}

function checkLength(length: number, end: number, fail: (message: string) => never): void {
  if (length > end) fail(`holds more than the ${end} bytes its header tells`)
  if (length < end) fail(`is cut short: its header tells ${end} bytes, it has ${length}`)
}

/** Undefined while the header is not complete. */
function readHeader(
  bytes: Uint8Array,
  fail: (message: string) => never,
): { shape: number[]; start: number; end: number } | undefined {
  if (bytes.length < 4) return undefined
  const [zero, zeroToo, type, rank] = bytes as unknown as [number, number, number, number]
  if (zero !== 0 || zeroToo !== 0) fail('is no IDX file; one begins with two zero bytes')
  if (type !== unsignedByte)
    fail(`holds elements of type 0x${type.toString(16)}; only unsigned bytes (0x08) are read`)
  if (rank < 1 || rank > 4) fail(`has ${rank} dimensions; 1 to 4 are read`)
  const start = 4 + 4 * rank
  if (bytes.length < start) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis))
  const count = elementCount(shape)
  if (count > maxElements) fail(`says it holds ${shape.join('x')} elements, more than ${maxElements}`)
  return { shape, start, end: start + count }
}

async function* gunzip(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream('gzip'))
  const reader = stream.getReader()
  try {
    for (let step = await reader.read(); !step.done; step = await reader.read()) yield step.value
  } finally {
    await reader.cancel().catch(() => {})
  }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let filled = 0
  for (const part of parts) {
    result.set(part, filled)
    filled += part.length
  }
  return result
}
