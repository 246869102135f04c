import { elementCount, MobileOneError } from '@mobileone/core'

/** The content of an IDX file of unsigned bytes: the format of MNIST and Fashion-MNIST. */
export interface Idx {
  /** Images: [count, height, width]. Labels: [count]. */
  readonly shape: readonly number[]
  readonly data: Uint8Array
}

const unsignedByte = 0x08
const maxElements = 2 ** 31
const longestHeader = 4 + 4 * 4

/**
 * Read an IDX file, plain or gzip-compressed (http://yann.lecun.com/exdb/mnist, "the IDX file format").
 * @throws MobileOneError `invalid-file` for another format, another element type, or a file of another length than it says.
 */
export async function readIdx(bytes: Uint8Array, name = 'the IDX file'): Promise<Idx> {
  const fail = (message: string, cause?: unknown): never => {
    throw new MobileOneError('invalid-file', `${name}: ${message}`, { cause })
  }
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  const chunks: Uint8Array[] = []
  let length = 0
  let layout: { shape: number[]; start: number; end: number } | undefined
  try {
    for await (const chunk of isGzip ? gunzip(bytes) : [bytes]) {
      chunks.push(chunk)
      length += chunk.length
      layout ??= readHeader(concatenate(chunks, Math.min(length, longestHeader)), fail)
      if (layout && length > layout.end) fail(`holds more than the ${layout.end} bytes its header tells`)
    }
  } catch (error) {
    if (error instanceof MobileOneError) throw error
    fail('the gzip data is damaged or cut short', error)
  }
  if (!layout) return fail('is too short for an IDX header')
  if (length < layout.end) fail(`is cut short: its header tells ${layout.end} bytes, it has ${length}`)
  return { shape: layout.shape, data: concatenate(chunks, length).subarray(layout.start) }
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

/** The first `length` bytes of `chunks`. */
function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const result = new Uint8Array(length)
  let filled = 0
  for (const chunk of chunks) {
    const part = chunk.subarray(0, length - filled)
    result.set(part, filled)
    filled += part.length
  }
  return result
}
