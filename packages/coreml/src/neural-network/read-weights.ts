import { MobileOneError } from '@mobileone/core'
import { float16ToFloat32 } from '@mobileone/core/half'
import type { WireReader } from '@mobileone/core/protobuf-wire'
import type { WeightBudget } from '../read/limits.ts'
import { Fields } from './message-fields.ts'

/**
 * `WeightParams` as float32: float32, float16, or 1 to 8 bits each with a linear scale or a lookup table. Nothing is made
 * before the bytes in the file were found to be exactly those of `count` elements.
 * @param channels How many channels the elements fall into, row-major, for scales of each channel. @param budget What may be made of
 * the file: a palette of one bit makes 32 times its bytes.
 */
export function readWeights(
  reader: WireReader | undefined,
  count: number,
  channels: number,
  where: string,
  budget: WeightBudget,
): Float32Array {
  const fail = (message: string): never => {
    throw new MobileOneError('invalid-file', `not a readable Core ML network: ${where} ${message}`)
  }
  if (!Number.isSafeInteger(count) || count <= 0) return fail(`should have ${count} elements`)
  const parts: Uint8Array[] = []
  const single: number[] = []
  let halves: Uint8Array | undefined
  let raw: Uint8Array | undefined
  let quantization: WireReader | undefined
  while (reader?.next()) {
    if (reader.field === 1 && reader.type === 2) parts.push(reader.bytes())
    else if (reader.field === 1) reader.floats(single)
    else if (reader.field === 2) halves = reader.bytes()
    else if (reader.field === 30) raw = reader.bytes()
    else if (reader.field === 31) {
      throw new MobileOneError(
        'unsupported',
        `${where} of the Core ML network is for an input that is quantised as it runs (int8RawValue), which a model cannot say`,
      )
    } else if (reader.field === 40) quantization = reader.message('the quantization')
    else reader.skip()
  }
  if (raw) return dequantize(raw, new Fields(quantization, quantizationFields, 'the quantization'))
  if (halves?.length) {
    if (halves.length !== count * 2) fail(`has ${halves.length} bytes for ${count} float16 elements`)
    budget.keep(4 * count)
    const view = new DataView(halves.buffer, halves.byteOffset, halves.byteLength)
    return float16ToFloat32(
      Uint16Array.from({ length: count }, (_, index) => view.getUint16(index * 2, true)),
    )
  }
  const bytes = parts.reduce((sum, { length }) => sum + length, single.length * 4)
  if (bytes !== count * 4) fail(`has ${bytes} bytes for ${count} float32 elements`)
  budget.keep(4 * count)
  const values = new Float32Array(count)
  values.set(single)
  let index = single.length
  for (const part of parts) {
    if (part.length % 4 !== 0) fail(`has ${part.length} bytes of packed floats`)
    const view = new DataView(part.buffer, part.byteOffset, part.byteLength)
    for (let offset = 0; offset < part.length; offset += 4) values[index++] = view.getFloat32(offset, true)
  }
  return values

  function dequantize(data: Uint8Array, rule: Fields): Float32Array {
    const bits = rule.number(1)
    if (!Number.isInteger(bits) || bits < 1 || bits > 8) fail(`has elements of ${bits} bits, not 1 to 8`)
    if (data.length !== Math.ceil((count * bits) / 8))
      fail(`has ${data.length} bytes for ${count} elements of ${bits} bits`)
    const table = new Fields(rule.message(102), { float: [1] }, 'a lookup table').numbers(1)
    const linear = new Fields(rule.message(101), { float: [1, 2] }, 'a linear quantization')
    const [scale, bias] = [linear.numbers(1), linear.numbers(2)]
    const isLinear = rule.message(101) !== undefined
    if (isLinear === (rule.message(102) !== undefined))
      fail('needs either a linear quantization or a lookup table')
    if (!isLinear && table.length !== 2 ** bits)
      fail(`has a lookup table of ${table.length} values for ${bits} bits`)
    if (isLinear && scale.length !== 1 && scale.length !== channels)
      fail(`has ${scale.length} scales for ${channels} channels`)
    if (isLinear && bias.length !== 0 && bias.length !== 1 && bias.length !== channels)
      fail(`has ${bias.length} biases for ${channels} channels`)
    const inner = count / channels
    budget.keep(4 * count)
    const values = new Float32Array(count)
    for (let index = 0; index < count; index++) {
      const code = codeAt(data, index, bits)
      const channel = Math.floor(index / inner)
      const step = scale[scale.length === 1 ? 0 : channel] ?? 0
      const shift = bias[bias.length === 1 ? 0 : channel] ?? 0
      values[index] = isLinear ? code * step + shift : (table[code] as number)
    }
    return values
  }
}

const quantizationFields = { int: [1], message: [101, 102] } as const

/** Element `index` of `bits` bits each, packed from the highest bit of every byte on. */
function codeAt(data: Uint8Array, index: number, bits: number): number {
  if (bits === 8) return data[index] as number
  const first = index * bits
  const byte = first >>> 3
  const pair = ((data[byte] as number) << 8) | (data[byte + 1] ?? 0)
  return (pair >>> (16 - (first & 7) - bits)) & ((1 << bits) - 1)
}
