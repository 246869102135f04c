import { elementCount, MobileOneError, type Tensor, tensor } from '@mobileone/core'
import { float16ToFloat32, roundToFloat16 } from '@mobileone/core/half'
import { formatType, type MilType, type Operation, type Value } from '../mil/program.ts'
import { decompress, unpackBits } from './compressed.ts'
import type { Constant } from './constant.ts'
import type { WeightBudget } from './limits.ts'

export type WeightFiles = (file: string) => Uint8Array

/** Types of constants in bytes: their code in a weight file, undefined where only a program itself holds them, and their bits. */
const packedTypes: ReadonlyMap<MilType, { readonly code?: number; readonly bits: number }> = new Map([
  ['fp16', { code: 1, bits: 16 }],
  ['fp32', { code: 2, bits: 32 }],
  ['uint8', { code: 3, bits: 8 }],
  ['int8', { code: 4, bits: 8 }],
  ['int4', { code: 8, bits: 4 }],
  ['uint1', { code: 9, bits: 1 }],
  ['uint2', { code: 10, bits: 2 }],
  ['uint4', { code: 11, bits: 4 }],
  ['uint3', { code: 12, bits: 3 }],
  ['uint6', { code: 13, bits: 6 }],
  ['uint32', { bits: 32 }],
])

/** The constants of a program, by name, as its operations are passed in order. */
export class Constants {
  readonly #weights: WeightFiles
  readonly #budget: WeightBudget
  readonly #known = new Map<string, Constant>()

  constructor(weights: WeightFiles, budget: WeightBudget) {
    this.#weights = weights
    this.#budget = budget
  }

  /** The value of an operation that makes a constant: `const`, or weights stored in fewer bits. Undefined for all others. */
  read(operation: Operation): Constant | undefined {
    const name = operation.outputs[0]?.name ?? ''
    const where = `the constant "${name}"`
    const budget = this.#budget
    const operand = (key: string): Constant | undefined => {
      const binding = operation.inputs.get(key)
      if (binding?.kind === 'name') {
        return this.#known.get(binding.name) ?? fail(`${where} reads "${binding.name}", which is no constant`)
      }
      const value = binding?.kind === 'value' ? binding.value : operation.attributes.get(key)
      return value && readConstant(value, this.#weights, where, (elements) => budget.work(elements))
    }
    const constant =
      operation.type === 'const'
        ? this.#readConst(operation, where)
        : decompress(operation.type, {
            operand,
            keep: (elements) => budget.keep(4 * elements),
            work: (elements) => budget.work(elements),
            fail: (message) => fail(`${where} ${message}`),
          })
    if (constant) this.#known.set(name, constant)
    return constant
  }

  #readConst({ inputs, attributes }: Operation, where: string): Constant {
    const binding = inputs.get('val')
    const value = binding?.kind === 'value' ? binding.value : attributes.get('val')
    const keep = (elements: number, bytes: number): void => this.#budget.keep(elements * bytes)
    return readConstant(value ?? fail(`${where} has no val`), this.#weights, where, keep)
  }
}

function fail(message: string): never {
  throw new MobileOneError('invalid-file', `not a readable Core ML program: ${message}`)
}

/**
 * The constant that a value holds. `where` names it in errors. @param allow Called with the number of elements that are to be made of
 * bytes, and the bytes that one of them takes; not for elements that stay where they are.
 */
function readConstant(
  value: Value,
  weights: WeightFiles,
  where: string,
  allow: (elements: number, bytes: number) => void,
): Constant {
  const { type, payload } = value
  if (type.kind !== 'tensor') return fail(`${where} is a ${formatType(type)}, where a tensor belongs`)
  const { dtype, shape } = type
  const count = elementCount(shape)
  if (payload.kind === 'blob') {
    return {
      dtype,
      shape,
      values: readBlob(weights(payload.file), payload.offset, dtype, count, where, allow),
    }
  }
  if (payload.kind === 'list') return fail(`${where} is a list`)
  if (payload.kind === 'bytes') {
    const bits = packedTypes.get(dtype)?.bits ?? fail(`${where} is ${dtype} as bytes`)
    if (payload.bytes.length !== Math.ceil((count * bits) / 8))
      fail(`${where} has ${payload.bytes.length} bytes for ${formatType(type)}`)
    return { dtype, shape, values: fromBytes(payload.bytes, dtype, count, allow) }
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
  allow: (elements: number, bytes: number) => void,
): ArrayLike<number> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (!Number.isSafeInteger(offset) || offset < 64 || offset > file.length - 64) {
    return fail(`${where} lies at byte ${offset} of a weight file of ${file.length} bytes`)
  }
  if (view.getUint32(offset, true) !== 0xdeadbeef) return fail(`${where}: no blob starts at byte ${offset}`)
  const code = view.getUint32(offset + 4, true)
  const stored = packedTypes.get(dtype)
  if (stored?.code !== code)
    return fail(`${where}: the blob at byte ${offset} has type ${code}, and not ${dtype}`)
  const size = view.getBigUint64(offset + 8, true)
  const start = view.getBigUint64(offset + 16, true)
  if (!Number.isSafeInteger(count) || size !== (BigInt(count) * BigInt(stored.bits) + 7n) / 8n) {
    return fail(`${where}: the blob at byte ${offset} has ${size} bytes for ${count} elements of ${dtype}`)
  }
  if (start > BigInt(file.length) || size > BigInt(file.length) - start) {
    return fail(`${where}: the blob at byte ${offset} reaches beyond the weight file`)
  }
  return fromBytes(file.subarray(Number(start), Number(start + size)), dtype, count, allow)
}

function fromBytes(
  bytes: Uint8Array,
  dtype: MilType,
  count: number,
  allow: (elements: number, bytes: number) => void,
): ArrayLike<number> {
  if (dtype === 'uint8') return bytes
  if (dtype === 'int8') return new Int8Array(bytes.buffer, bytes.byteOffset, count)
  const wide = dtype === 'fp16' || dtype === 'fp32' || dtype === 'uint32'
  allow(count, wide ? 4 : 1)
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
  if (dtype === 'uint32') {
    const values = new Uint32Array(count)
    for (let index = 0; index < count; index++) values[index] = view.getUint32(index * 4, true)
    return values
  }
  const bits = packedTypes.get(dtype)?.bits ?? fail(`constants of ${dtype} as bytes`)
  return dtype === 'int4'
    ? new Int8Array(unpackBits(bytes, 4, count).map((value) => (value << 28) >> 28).buffer)
    : unpackBits(bytes, bits, count)
}

/** The elements of a constant of floats, as its type can hold them. Shared with the constant where it has them so. */
export function floatsOf({ dtype, values }: Constant): Float32Array {
  if (values instanceof Float32Array) return values
  const floats = Float32Array.from(values)
  return dtype === 'fp16' ? roundToFloat16(floats) : floats
}

/** A constant of floats as a tensor. */
export function toTensor(constant: Constant): Tensor {
  return tensor(constant.shape, floatsOf(constant))
}
