import { elementCount, formatShape, MobileOneError, tensor, type Weight } from '@mobileone/core'
import { bfloat16ToFloat32, float16ToFloat32 } from '@mobileone/core/half'
import type { Levels } from './int8/layout.ts'

/** Element types that a file may hold. {@link toFloat32} converts all but the 8-bit floats. */
export type StoredDType =
  | 'float64'
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'float8_e4m3'
  | 'float8_e5m2'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint64'
  | 'uint32'
  | 'uint16'
  | 'uint8'
  | 'bool'

/** Bytes of one element. */
export const elementBytes: Readonly<Record<StoredDType, number>> = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  float8_e4m3: 1,
  float8_e5m2: 1,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint64: 8,
  uint32: 4,
  uint16: 2,
  uint8: 1,
  bool: 1,
}

/**
 * A tensor as it lies in a file. It is not responsible for its name or for who owns the bytes: `storage` is a view of the
 * file, and nothing is copied until {@link toFloat32} has to convert.
 */
export interface StoredTensor {
  readonly dtype: StoredDType
  readonly shape: readonly number[]
  /** In elements, one per axis. */
  readonly strides: readonly number[]
  /** In elements from the start of `storage`. */
  readonly offset: number
  /** Little-endian elements, possibly shared with other tensors. */
  readonly storage: Uint8Array
  /** Of a weight in int8: what its elements are worth. */
  readonly levels?: Levels
}

/** More axes than any weight has. */
export const maxRank = 16

/** Row-major strides of `shape`, in elements. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length)
  let step = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step
    step *= Math.max(1, shape[axis]!)
  }
  return strides
}

/**
 * Why this view does not lie within a storage of `available` elements, or undefined when it does. Every number may be
 * hostile: sizes, strides and their products are checked before they are used.
 */
export function viewProblem(
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
  available: number,
): string | undefined {
  if (shape.length > maxRank) return `it has ${shape.length} axes; at most ${maxRank} are read`
  if (shape.length !== strides.length) return `it has ${shape.length} sizes but ${strides.length} strides`
  for (const value of [offset, ...shape, ...strides]) {
    if (!Number.isSafeInteger(value) || value < 0) return `${value} is not a size, stride or offset`
  }
  if (shape.includes(0)) return undefined
  let last = offset
  for (let axis = 0; axis < shape.length; axis++) last += (shape[axis]! - 1) * strides[axis]!
  if (last >= available) {
    return `its last element would be number ${last}, but its storage has ${available} elements`
  }
  return undefined
}

/**
 * The elements as float32, row-major: a view of the file where the tensor is contiguous, aligned float32, else a converted
 * copy. float64 and 64-bit integers are rounded.
 * @throws MobileOneError `unsupported` for 8-bit floats.
 */
export function toFloat32(tensor: StoredTensor): Float32Array {
  const bytes = isContiguous(tensor) ? contiguousBytes(tensor) : gatherBytes(tensor)
  switch (tensor.dtype) {
    case 'float32': {
      const { buffer, byteOffset } = aligned(bytes, 4)
      return new Float32Array(buffer, byteOffset, bytes.byteLength / 4)
    }
    case 'float64':
      return Float32Array.from(typed(bytes, Float64Array))
    case 'float16':
      return float16ToFloat32(typed(bytes, Uint16Array))
    case 'bfloat16':
      return bfloat16ToFloat32(typed(bytes, Uint16Array))
    case 'int64':
      return fromBigInts(typed(bytes, BigInt64Array))
    case 'uint64':
      return fromBigInts(typed(bytes, BigUint64Array))
    case 'int32':
      return Float32Array.from(typed(bytes, Int32Array))
    case 'uint32':
      return Float32Array.from(typed(bytes, Uint32Array))
    case 'int16':
      return Float32Array.from(typed(bytes, Int16Array))
    case 'uint16':
      return Float32Array.from(typed(bytes, Uint16Array))
    case 'int8':
      return Float32Array.from(typed(bytes, Int8Array))
    case 'uint8':
    case 'bool':
      return Float32Array.from(bytes)
    case 'float8_e4m3':
    case 'float8_e5m2':
      throw new MobileOneError(
        'unsupported',
        `a ${tensor.dtype} tensor of shape ${formatShape(tensor.shape)} cannot be read; convert the weights to float16 or float32 first`,
      )
    default:
      return tensor.dtype satisfies never
  }
}

/** The weight that `stored` holds: a view of the file where that is float32 or int8. */
export function toWeight(stored: StoredTensor): Weight {
  const { shape, levels } = stored
  return levels ? { dtype: 'int8', shape, data: toInt8(stored), ...levels } : tensor(shape, toFloat32(stored))
}

/** The elements of a contiguous int8 tensor, which are a view of the file. */
export function toInt8(stored: StoredTensor): Int8Array {
  const { buffer, byteOffset, length } = contiguousBytes(stored)
  return new Int8Array(buffer, byteOffset, length)
}

function isContiguous({ shape, strides }: StoredTensor): boolean {
  let step = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis]!
    if (size === 0) return true
    if (size !== 1 && strides[axis] !== step) return false
    step *= size
  }
  return true
}

function contiguousBytes({ dtype, shape, offset, storage }: StoredTensor): Uint8Array {
  const size = elementBytes[dtype]
  return storage.subarray(offset * size, (offset + elementCount(shape)) * size)
}

function gatherBytes({ dtype, shape, strides, offset, storage }: StoredTensor): Uint8Array {
  const size = elementBytes[dtype]
  const out = new Uint8Array(elementCount(shape) * size)
  const index = new Array<number>(shape.length).fill(0)
  let from = offset * size
  for (let to = 0; to < out.length; ) {
    for (let byte = 0; byte < size; byte++) out[to++] = storage[from + byte]!
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]! * size
      if (++index[axis]! < shape[axis]!) break
      from -= shape[axis]! * strides[axis]! * size
      index[axis] = 0
    }
  }
  return out
}

function aligned(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes)
}

interface TypedArrayConstructor<T> {
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T
}

function typed<T>(bytes: Uint8Array, Elements: TypedArrayConstructor<T>): T {
  const size = Elements.BYTES_PER_ELEMENT
  const { buffer, byteOffset } = aligned(bytes, size)
  return new Elements(buffer, byteOffset, bytes.byteLength / size)
}

function fromBigInts(values: BigInt64Array | BigUint64Array): Float32Array {
  const out = new Float32Array(values.length)
  for (let i = 0; i < values.length; i++) out[i] = Number(values[i])
  return out
}
