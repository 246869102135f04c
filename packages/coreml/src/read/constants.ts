import { elementCount, MobileOneError, type Tensor, tensor } from '@mobileone/core'
import { float16ToFloat32 } from '@mobileone/core/half'
import { roundToHalf } from '../mil/half.ts'
import { formatType, type MilType, type Operation, type Value } from '../mil/program.ts'

/** A constant of a program: numbers as float32 or as they are, or text. */
export interface Constant {
  readonly dtype: MilType
  readonly shape: readonly number[]
  readonly values: ArrayLike<number>
  readonly texts?: readonly string[]
}

export type WeightFiles = (file: string) => Uint8Array

const blobTypes: ReadonlyMap<number, { readonly dtype: MilType; readonly bytes: number }> = new Map([
  [1, { dtype: 'fp16', bytes: 2 }],
  [2, { dtype: 'fp32', bytes: 4 }],
  [3, { dtype: 'uint8', bytes: 1 }],
  [4, { dtype: 'int8', bytes: 1 }],
])

function fail(message: string): never {
  throw new MobileOneError('invalid-file', `not a readable Core ML program: ${message}`)
}

/** The constant that a value holds. `where` names it in errors. */
export function readConstant(value: Value, weights: WeightFiles, where: string): Constant {
  const { type, payload } = value
  if (type.kind !== 'tensor') return fail(`${where} is a ${formatType(type)}, where a tensor belongs`)
  const { dtype, shape } = type
  const count = elementCount(shape)
  if (payload.kind === 'blob') {
    return { dtype, shape, values: readBlob(weights(payload.file), payload.offset, dtype, count, where) }
  }
  if (payload.kind === 'list') return fail(`${where} is a list`)
  if (payload.kind === 'bytes') {
    const size = dtype === 'fp16' ? 2 : dtype === 'int8' || dtype === 'uint8' ? 1 : 4
    if (payload.bytes.length !== count * size)
      fail(`${where} has ${payload.bytes.length} bytes for ${formatType(type)}`)
    return { dtype, shape, values: fromBytes(payload.bytes, dtype, count) }
  }
  if (payload.values.length !== count) {
    return fail(`${where} holds ${payload.values.length} elements for ${formatType(type)}`)
  }
  if (payload.kind === 'strings') return { dtype, shape, values: [], texts: payload.values }
  return { dtype, shape, values: payload.kind === 'bools' ? payload.values.map(Number) : payload.values }
}

function readBlob(
  file: Uint8Array,
  offset: number,
  dtype: MilType,
  count: number,
  where: string,
): ArrayLike<number> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (!Number.isSafeInteger(offset) || offset < 64 || offset > file.length - 64) {
    return fail(`${where} lies at byte ${offset} of a weight file of ${file.length} bytes`)
  }
  if (view.getUint32(offset, true) !== 0xdeadbeef) return fail(`${where}: no blob starts at byte ${offset}`)
  const code = view.getUint32(offset + 4, true)
  const stored = blobTypes.get(code)
  if (stored?.dtype !== dtype)
    return fail(`${where}: the blob at byte ${offset} has type ${code}, and not ${dtype}`)
  const size = view.getBigUint64(offset + 8, true)
  const start = view.getBigUint64(offset + 16, true)
  if (size !== BigInt(count) * BigInt(stored.bytes)) {
    return fail(`${where}: the blob at byte ${offset} has ${size} bytes for ${count} elements of ${dtype}`)
  }
  if (start > BigInt(file.length) || size > BigInt(file.length) - start) {
    return fail(`${where}: the blob at byte ${offset} reaches beyond the weight file`)
  }
  return fromBytes(file.subarray(Number(start), Number(start + size)), dtype, count)
}

function fromBytes(bytes: Uint8Array, dtype: MilType, count: number): ArrayLike<number> {
  if (dtype === 'uint8') return bytes
  if (dtype === 'int8') return new Int8Array(bytes.buffer, bytes.byteOffset, count)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (dtype === 'fp16') {
    const halves = new Uint16Array(count)
    for (let index = 0; index < count; index++) halves[index] = view.getUint16(index * 2, true)
    return float16ToFloat32(halves)
  }
  if (dtype === 'fp32') {
    const values = new Float32Array(count)
    for (let index = 0; index < count; index++) values[index] = view.getFloat32(index * 4, true)
    return values
  }
  if (dtype === 'uint32') return Array.from({ length: count }, (_, index) => view.getUint32(index * 4, true))
  return fail(`constants of ${dtype} as bytes`)
}

/** The value of a `const` or of weights stored as int8, undefined for other operations. */
export function constantOf(operation: Operation, weights: WeightFiles): Constant | undefined {
  const where = `the constant "${operation.outputs[0]?.name ?? ''}"`
  const attribute = (name: string): Constant => {
    const value = operation.attributes.get(name)
    return value ? readConstant(value, weights, where) : fail(`${where} has no ${name}`)
  }
  if (operation.type === 'const') return attribute('val')
  if (operation.type !== 'constexpr_affine_dequantize') return undefined
  const [data, zero, scale] = [attribute('quantized_data'), attribute('zero_point'), attribute('scale')]
  const axis = attribute('axis').values[0] ?? 0
  const channels = data.shape[axis < 0 ? axis + data.shape.length : axis]
  if (channels === undefined) return fail(`${where}: there is no axis ${axis}`)
  for (const { shape } of [zero, scale]) {
    if (shape.length > 0 && (shape.length !== 1 || shape[0] !== channels)) {
      fail(`${where}: scale and zero point must be one number or ${channels}`)
    }
  }
  const inner = elementCount(data.shape.slice((axis < 0 ? axis + data.shape.length : axis) + 1))
  const values = new Float32Array(data.values.length)
  for (let index = 0; index < values.length; index++) {
    const channel = Math.floor(index / inner) % channels
    const step = scale.values[scale.shape.length === 0 ? 0 : channel] as number
    const shift = zero.values[zero.shape.length === 0 ? 0 : channel] as number
    values[index] = ((data.values[index] as number) - shift) * step
  }
  return {
    dtype: scale.dtype,
    shape: data.shape,
    values: scale.dtype === 'fp16' ? roundToHalf(values) : values,
  }
}

/** A constant of floats as a tensor of its own. */
export function toTensor(constant: Constant): Tensor {
  return tensor(constant.shape, Float32Array.from(constant.values))
}
