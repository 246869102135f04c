import { elementCount, formatShape } from '@mobileone/core'
import { type Checkpoint, checkpoint } from '../checkpoint.ts'
import { invalidFile } from '../invalid-file.ts'
import { limits } from '../limits.ts'
import { contiguousStrides, elementBytes, type StoredDType, type StoredTensor } from '../stored-tensor.ts'
import { type HeaderEntry, parseHeader } from './parse-header.ts'

/** The names of the format's specification. */
const dtypes: ReadonlyMap<string, StoredDType> = new Map([
  ['F64', 'float64'],
  ['F32', 'float32'],
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['F8_E4M3', 'float8_e4m3'],
  ['F8_E5M2', 'float8_e5m2'],
  ['I64', 'int64'],
  ['I32', 'int32'],
  ['I16', 'int16'],
  ['I8', 'int8'],
  ['U64', 'uint64'],
  ['U32', 'uint32'],
  ['U16', 'uint16'],
  ['U8', 'uint8'],
  ['BOOL', 'bool'],
])

/**
 * Read a safetensors file: u64 header length, JSON header, data. Tensors are views of `bytes`.
 * @throws MobileOneError `invalid-file` when a length, an offset or a name does not hold, or the data has gaps or overlaps.
 */
export function readSafetensors(bytes: Uint8Array): Checkpoint {
  if (bytes.length < 8) invalidFile(`safetensors: ${bytes.length} bytes are too few for a header length`)
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
  if (length > BigInt(bytes.length - 8)) {
    invalidFile(
      `safetensors: the header says it is ${length} bytes long, but only ${bytes.length - 8} follow; the file is cut short or damaged`,
    )
  }
  if (length > BigInt(limits.headerBytes)) {
    invalidFile(
      `safetensors: a header of ${length} bytes is over the limit of ${limits.headerBytes}; no weights need it`,
    )
  }
  const start = 8 + Number(length)
  const { entries, metadata } = parseHeader(decode(bytes.subarray(8, start)), 8)
  const data = bytes.subarray(start)

  const tensors = new Map<string, StoredTensor>()
  for (const [name, entry] of entries) tensors.set(name, toTensor(name, entry, data))
  checkCoverage(entries, data.length)
  return checkpoint({
    format: 'safetensors',
    root: '',
    tensors,
    metadata,
    notes: [],
    byteLength: bytes.length,
  })
}

function decode(header: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header)
  } catch {
    return invalidFile('safetensors: the header is not UTF-8')
  }
}

function toTensor(name: string, { dtype, shape, begin, end }: HeaderEntry, data: Uint8Array): StoredTensor {
  const type = dtypes.get(dtype)
  const quoted = JSON.stringify(name)
  if (type === undefined) invalidFile(`safetensors: tensor ${quoted} has the unknown element type ${dtype}`)
  if (begin > end || end > data.length) {
    invalidFile(
      `safetensors: tensor ${quoted} has data_offsets [${begin}, ${end}], outside the ${data.length} bytes of data; ` +
        'the file is cut short or damaged',
    )
  }
  const size = elementCount(shape) * elementBytes[type]
  if (size !== end - begin) {
    invalidFile(
      `safetensors: tensor ${quoted} of shape ${formatShape(shape)} and type ${dtype} needs ${size} bytes, ` +
        `but its data_offsets [${begin}, ${end}] hold ${end - begin}`,
    )
  }
  const storage = data.subarray(begin, end)
  return { dtype: type, shape, strides: contiguousStrides(shape), offset: 0, storage }
}

function checkCoverage(entries: ReadonlyMap<string, HeaderEntry>, dataLength: number): void {
  const sorted = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)
  let covered = 0
  for (const [name, { begin, end }] of sorted) {
    if (begin !== covered) {
      invalidFile(
        `safetensors: tensor ${JSON.stringify(name)} begins at data byte ${begin}, but the tensors before it end at ${covered}: ` +
          `${begin < covered ? 'they overlap' : 'there is a gap'}`,
      )
    }
    covered = end
  }
  if (covered !== dataLength) {
    invalidFile(
      `safetensors: the tensors end at data byte ${covered}, but the file has ${dataLength} bytes of data`,
    )
  }
}
