/**
 * Weights stored in fewer bits (`constexpr_*`), to the numbers they stand for. iOS 16 gives the parts as attributes, iOS 18 as
 * inputs. Rules: coremltools 9, the definitions of these ops and `optimize/_utils.py`.
 */
import { elementCount } from '@mobileone/core'
import { roundToFloat16 } from '@mobileone/core/half'
import type { Constant } from './constant.ts'
import { limits } from './limits.ts'

export interface CompressedParts {
  readonly operand: (key: string) => Constant | undefined
  /** Called with a number of elements before they are made: those of the value. */
  readonly keep: (elements: number) => void
  /** As `keep`, for those that are made on the way and dropped. */
  readonly work: (elements: number) => void
  readonly fail: (message: string) => never
}

/** The value of an operation of `type`, undefined where it is none of these. */
export function decompress(type: string, parts: CompressedParts): Constant | undefined {
  switch (type) {
    case 'constexpr_affine_dequantize':
      return affine(parts)
    case 'constexpr_blockwise_shift_scale':
      return shiftScale(parts)
    case 'constexpr_lut_to_dense':
      return parts.operand('shape') ? packedLookup(parts) : lookup(parts)
    case 'constexpr_sparse_to_dense':
      return sparse(parts)
    default:
      return undefined
  }
}

/** Unsigned numbers of `bits` bits, packed from the lowest bit of the first byte on. */
export function unpackBits(bytes: Uint8Array, bits: number, count: number): Uint8Array {
  const values = new Uint8Array(count)
  for (let index = 0; index < count; index++) {
    const at = index * bits
    const byte = at >>> 3
    const word = (bytes[byte] ?? 0) | ((bytes[byte + 1] ?? 0) << 8)
    values[index] = (word >>> (at & 7)) & ((1 << bits) - 1)
  }
  return values
}

function required({ operand, fail }: CompressedParts, key: string): Constant {
  return operand(key) ?? fail(`has no ${key}`)
}

/** `scale * (data - zero_point)`, both one number or one for each index of `axis`. */
function affine(parts: CompressedParts): Constant {
  const [data, zero, scale] = [
    required(parts, 'quantized_data'),
    required(parts, 'zero_point'),
    required(parts, 'scale'),
  ]
  const given = required(parts, 'axis').values[0] ?? 0
  const axis = given < 0 ? given + data.shape.length : given
  const channels = data.shape[axis]
  if (channels === undefined) return parts.fail(`has no axis ${given}`)
  const spread = ({ shape, ...rest }: Constant): Constant => {
    if (shape.length > 1 || (shape.length === 1 && shape[0] !== channels))
      parts.fail(`has a scale or zero point that is neither one number nor ${channels}`)
    return {
      ...rest,
      shape: data.shape.map((_, index) => (index === axis && shape.length > 0 ? channels : 1)),
    }
  }
  return scaled(data, spread(scale), spread(zero), parts)
}

/** `scale * (data - offset)`, both of the rank of `data`, in equal blocks along every axis. */
function shiftScale(parts: CompressedParts): Constant {
  return scaled(required(parts, 'data'), required(parts, 'scale'), parts.operand('offset'), parts)
}

function scaled(
  data: Constant,
  scale: Constant,
  offset: Constant | undefined,
  parts: CompressedParts,
): Constant {
  const scaleOf = blocks(data.shape, scale.shape, parts)
  const offsetOf = offset && blocks(data.shape, offset.shape, parts)
  parts.keep(data.values.length)
  const values = new Float32Array(data.values.length)
  for (let index = 0; index < values.length; index++) {
    const shift = offset && offsetOf ? (offset.values[offsetOf[index] as number] as number) : 0
    values[index] =
      ((data.values[index] as number) - shift) * (scale.values[scaleOf[index] as number] as number)
  }
  return {
    dtype: scale.dtype,
    shape: data.shape,
    values: scale.dtype === 'fp16' ? roundToFloat16(values) : values,
  }
}

/** iOS 16: one table of 2^n values, and `indices` of n bits packed into bytes. */
function packedLookup(parts: CompressedParts): Constant {
  const [indices, table] = [required(parts, 'indices'), required(parts, 'lut')]
  const shape = shapeOf(required(parts, 'shape'), parts)
  const count = elementCount(shape)
  const bits = Math.log2(table.values.length)
  if (![1, 2, 4, 6, 8].includes(bits)) parts.fail(`has a table of ${table.values.length} values`)
  if (indices.dtype !== 'uint8' || indices.values.length !== Math.ceil((count * bits) / 8))
    parts.fail(`has ${indices.values.length} bytes of indices for ${count} elements of ${bits} bits`)
  parts.keep(count)
  parts.work(count)
  const at = unpackBits(bytesOf(indices), bits, count)
  const values = new Float32Array(count)
  for (let index = 0; index < count; index++) values[index] = table.values[at[index] as number] as number
  return { dtype: table.dtype, shape, values }
}

/** A constant that is a shape itself. */
function shapeOf({ values }: Constant, { fail }: CompressedParts): readonly number[] {
  if (values.length > limits.rank) fail(`has a shape of ${values.length} axes`)
  const shape = Array.from(values)
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    fail(`has the shape ${shape.join('x')}`)
  return shape
}

function bytesOf({ values }: Constant): Uint8Array {
  return values instanceof Uint8Array ? values : Uint8Array.from(values)
}

/**
 * iOS 18: `lut` is [blocks of each axis of indices..., 2^n, vector]: every block has a table of its own, and an index stands
 * for `vector` elements along `vector_axis`.
 */
function lookup(parts: CompressedParts): Constant {
  const [indices, table] = [required(parts, 'indices'), required(parts, 'lut')]
  const rank = indices.shape.length
  const [entries = 0, vector = 0] = table.shape.slice(-2)
  const axis = parts.operand('vector_axis')?.values[0] ?? 0
  const along = axis < 0 ? axis + rank : axis
  if (table.shape.length !== rank + 2 || !indices.dtype.startsWith('uint'))
    parts.fail('has a table of another rank')
  if (vector > 1 && !(Number.isInteger(along) && along >= 0 && along < rank))
    parts.fail(`has no axis ${axis}`)
  parts.keep(elementCount(indices.shape) * Math.max(vector, 1))
  const tableOf = blocks(indices.shape, table.shape.slice(0, -2), parts)
  const shape = indices.shape.map((size, index) => (vector > 1 && index === along ? size * vector : size))
  const inner = elementCount(indices.shape.slice(along + 1))
  const values = new Float32Array(elementCount(shape))
  for (let index = 0; index < indices.values.length; index++) {
    const entry = indices.values[index] as number
    if (entry >= entries) parts.fail(`has the index ${entry} into a table of ${entries}`)
    const from = ((tableOf[index] as number) * entries + entry) * vector
    const to = vector > 1 ? Math.floor(index / inner) * vector * inner + (index % inner) : index
    for (let part = 0; part < vector; part++) values[to + part * inner] = table.values[from + part] as number
  }
  return { dtype: table.dtype, shape, values }
}

/** `nonzero_data` where `mask` has a 1: bits packed into bytes with a `shape` (iOS 16), or a tensor of uint1 (iOS 18). */
function sparse(parts: CompressedParts): Constant {
  const [data, mask, packed] = [
    required(parts, 'nonzero_data'),
    required(parts, 'mask'),
    parts.operand('shape'),
  ]
  const shape = packed ? shapeOf(packed, parts) : mask.shape
  const count = elementCount(shape)
  if (packed && (mask.dtype !== 'uint8' || mask.values.length !== Math.ceil(count / 8)))
    parts.fail(`has a mask of ${mask.values.length} bytes for ${count} elements`)
  parts.keep(count)
  parts.work(count)
  const bits = packed ? unpackBits(bytesOf(mask), 1, count) : mask.values
  const values = new Float32Array(count)
  let next = 0
  for (let index = 0; index < count; index++) if (bits[index] === 1) values[index] = data.values[next++] ?? 0
  if (next !== data.values.length) parts.fail(`has ${data.values.length} values for a mask of ${next} ones`)
  return { dtype: data.dtype, shape, values }
}

/** For every element of `shape` the element of `grid`, of the same rank and in equal blocks, that covers it. */
function blocks(
  shape: readonly number[],
  grid: readonly number[],
  { work, fail }: CompressedParts,
): Uint32Array {
  const count = elementCount(shape)
  const fits =
    grid.length === shape.length &&
    grid.every((size, axis) => size > 0 && (shape[axis] as number) % size === 0)
  if (!fits || grid.length > limits.rank)
    fail(`cannot divide ${shape.join('x')} into ${grid.join('x')} blocks`)
  work(count * grid.length)
  const result = new Uint32Array(count)
  let [inner, stride] = [1, 1]
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const [size, parts] = [shape[axis] as number, grid[axis] as number]
    if (parts > 1) {
      const block = size / parts
      for (let index = 0; index < count; index++) {
        const position = Math.floor(index / inner) % size
        result[index] = (result[index] as number) + Math.floor(position / block) * stride
      }
    }
    inner *= size
    stride *= parts
  }
  return result
}
