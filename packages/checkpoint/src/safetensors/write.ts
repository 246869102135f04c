import { elementCount, formatShape, MobileOneError } from '@mobileone/core'
import { float32ToFloat16 } from '@mobileone/core/half'

/** One tensor to write. float16 rounds to nearest, ties to even; int64 holds the given integer in every element. */
export type WritableTensor =
  | { readonly dtype: 'F32' | 'F16'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'I8'; readonly shape: readonly number[]; readonly data: Int8Array }
  | { readonly dtype: 'I64'; readonly shape: readonly number[]; readonly fill: bigint }

/**
 * Write a safetensors file. Tensors are laid out by element size, largest first, then by name, as the format's reference
 * writer does, so that equal input gives equal bytes and every tensor is aligned.
 * @throws MobileOneError `invalid-argument` when a finite value does not fit float16.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, WritableTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const sorted = [...tensors].sort(
    ([nameA, a], [nameB, b]) => width(b) - width(a) || (nameA < nameB ? -1 : nameA > nameB ? 1 : 0),
  )
  const header = Object.create(null) as Record<string, unknown>
  if (Object.keys(metadata).length > 0) {
    header.__metadata__ = Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)))
  }
  let end = 0
  for (const [name, tensor] of sorted) {
    const begin = end
    end += elementCount(tensor.shape) * width(tensor)
    header[name] = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, end] }
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const headerLength = Math.ceil(json.length / 8) * 8

  const bytes = new Uint8Array(8 + headerLength + end)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true)
  bytes.fill(0x20, 8, 8 + headerLength)
  bytes.set(json, 8)
  let position = 8 + headerLength
  for (const [name, tensor] of sorted) {
    const count = elementCount(tensor.shape)
    switch (tensor.dtype) {
      case 'I64':
        new BigInt64Array(bytes.buffer, position, count).fill(tensor.fill)
        break
      case 'F32':
        new Float32Array(bytes.buffer, position, count).set(tensor.data)
        break
      case 'F16':
        new Uint16Array(bytes.buffer, position, count).set(toFloat16(name, tensor.shape, tensor.data))
        break
      case 'I8':
        new Int8Array(bytes.buffer, position, count).set(tensor.data)
        break
      default:
        tensor satisfies never
    }
    position += count * width(tensor)
  }
  return bytes
}

const widths: Readonly<Record<WritableTensor['dtype'], number>> = { I64: 8, F32: 4, F16: 2, I8: 1 }

function width({ dtype }: WritableTensor): number {
  return widths[dtype]
}

function toFloat16(name: string, shape: readonly number[], data: Float32Array): Uint16Array {
  const largest = data.find((value) => Number.isFinite(value) && Math.abs(value) >= 65520)
  if (largest !== undefined) {
    throw new MobileOneError(
      'invalid-argument',
      `${JSON.stringify(name)} (${formatShape(shape)}) holds ${largest}, beyond float16's 65504; store this model as float32`,
    )
  }
  return float32ToFloat16(data)
}
