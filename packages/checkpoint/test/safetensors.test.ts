import { describe, expect, it } from 'vitest'
import { readCheckpoint, toFloat32 } from '../src/index.ts'
import { type WritableTensor, writeSafetensors } from '../src/safetensors/write.ts'
import { bytesOf, u64 } from './support/pickle.ts'

const f32 = (name: string, begin: number, end: number): string =>
  `"${name}":{"dtype":"F32","shape":[${(end - begin) / 4}],"data_offsets":[${begin},${end}]}`

function file(header: string, data = 8, length = header.length): Uint8Array {
  return bytesOf(u64(BigInt(length)), header, new Uint8Array(data))
}

function refusal(bytes: Uint8Array): string {
  try {
    readCheckpoint(bytes)
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid-file' })
    return (error as Error).message
  }
  throw new Error('the file was read')
}

const tensors = new Map<string, WritableTensor>([
  ['b', { dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, -2, 3.5, 4) }],
  ['half', { dtype: 'F16', shape: [3], data: Float32Array.of(0.1, -65504, 2 ** -24) }],
  ['count', { dtype: 'I64', shape: [], fill: 7n }],
  ['a "quoted" ключ', { dtype: 'F32', shape: [1], data: Float32Array.of(9) }],
  ['__proto__', { dtype: 'F32', shape: [0, 3], data: new Float32Array(0) }],
])

describe('writing', () => {
  const bytes = writeSafetensors(tensors, { z: 'last', a: 'first' })

  it('gives what was written', () => {
    const checkpoint = readCheckpoint(bytes)
    expect([...checkpoint.metadata]).toEqual([
      ['a', 'first'],
      ['z', 'last'],
    ])
    expect(new Set(checkpoint.tensors.keys())).toEqual(new Set(tensors.keys()))
    const values = (name: string): number[] => [...toFloat32(checkpoint.tensors.get(name)!)]
    expect(values('b')).toEqual([1, -2, 3.5, 4])
    expect(values('half')).toEqual([0.0999755859375, -65504, 2 ** -24])
    expect(values('count')).toEqual([7])
    expect(values('a "quoted" ключ')).toEqual([9])
    expect(checkpoint.tensors.get('__proto__')!.shape).toEqual([0, 3])
  })

  it('gives the same bytes whatever the order, and aligns every tensor', () => {
    const reversed = new Map([...tensors].reverse())
    expect(writeSafetensors(reversed, { a: 'first', z: 'last' })).toEqual(bytes)
    for (const { dtype, storage } of readCheckpoint(bytes).tensors.values()) {
      expect(storage.byteOffset % (dtype === 'int64' ? 8 : dtype === 'float16' ? 2 : 4)).toBe(0)
    }
  })

  it('views float32 in place', () => {
    const stored = readCheckpoint(bytes).tensors.get('b')!
    expect(toFloat32(stored).buffer).toBe(bytes.buffer)
  })

  it('refuses values beyond float16', () => {
    const large = new Map([['v', { dtype: 'F16', shape: [1], data: Float32Array.of(65520) } as const]])
    expect(() => writeSafetensors(large)).toThrowError(/"v" \(1\) holds 65520, beyond float16/)
  })
})

describe('element types', () => {
  const cases: [string, ArrayBufferView, number[]][] = [
    ['F64', Float64Array.of(1e300, -0.5), [Number.POSITIVE_INFINITY, -0.5]],
    ['F32', Float32Array.of(1.5, -2), [1.5, -2]],
    ['F16', Uint16Array.of(0x3c00, 0xc000), [1, -2]],
    ['BF16', Uint16Array.of(0x3f80, 0xc000), [1, -2]],
    ['I64', BigInt64Array.of(-3n, 1n << 40n), [-3, 2 ** 40]],
    ['U64', BigUint64Array.of(3n, 1n << 63n), [3, 2 ** 63]],
    ['I32', Int32Array.of(-3, 4), [-3, 4]],
    ['U32', Uint32Array.of(3, 2 ** 31), [3, 2 ** 31]],
    ['I16', Int16Array.of(-3, 4), [-3, 4]],
    ['U16', Uint16Array.of(3, 65535), [3, 65535]],
    ['I8', Int8Array.of(-3, 4), [-3, 4]],
    ['U8', Uint8Array.of(3, 255), [3, 255]],
    ['BOOL', Uint8Array.of(0, 1), [0, 1]],
  ]
  it.each(cases)('%s, at an even and at an odd address', (dtype, elements, values) => {
    const raw = new Uint8Array(elements.buffer)
    for (const pad of ['', ' ']) {
      const header = `{"t":{"dtype":"${dtype}","shape":[2],"data_offsets":[0,${raw.length}]}}${pad}`
      const { tensors } = readCheckpoint(bytesOf(u64(BigInt(header.length)), header, raw))
      expect([...toFloat32(tensors.get('t')!)]).toEqual(values)
    }
  })

  it('lists 8-bit floats and refuses to convert them', () => {
    const { tensors } = readCheckpoint(file('{"t":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}'))
    expect(() => toFloat32(tensors.get('t')!)).toThrowError(/float8_e4m3 tensor of shape 8 cannot be read/)
  })
})

describe('headers that lie', () => {
  it.each([
    ['a length past the end', file('{}', 0, 1000), /header says it is 1000 bytes/],
    ['a length of 2^39', file('{}', 0, 2 ** 39), /header says/],
    ['offsets past the end', file(`{${f32('a', 0, 16)}}`), /outside the 8 bytes/],
    ['offsets backwards', file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}'), /outside/],
    ['a shape too large', file('{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}'), /needs 12 bytes/],
    [
      'a huge shape',
      file('{"a":{"dtype":"F32","shape":[9007199254740991,9007199254740991],"data_offsets":[0,8]}}'),
      /needs/,
    ],
    [
      'a negative size',
      file('{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}'),
      /non-negative integer/,
    ],
    [
      'a size of 2^60',
      file('{"a":{"dtype":"F32","shape":[1152921504606846976],"data_offsets":[0,8]}}'),
      /below 2\^53/,
    ],
    ['a fraction', file('{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}'), /expected ,/],
    ['an overlap', file(`{${f32('a', 0, 8)},${f32('b', 4, 8)}}`), /"b" begins at data byte 4.*overlap/],
    ['a gap', file(`{${f32('a', 0, 4)},${f32('b', 8, 12)}}`, 12), /there is a gap/],
    ['bytes left over', file(`{${f32('a', 0, 4)}}`), /end at data byte 4, but the file has 8/],
    ['a name twice', file(`{${f32('a', 0, 4)},${f32('a', 4, 8)}}`), /"a" appears twice/],
    ['a name twice, escaped', file(`{${f32('a', 0, 4)},${f32('\\u0061', 4, 8)}}`), /"a" appears twice/],
    [
      'a field twice',
      file('{"a":{"dtype":"F32","dtype":"F16","shape":[2],"data_offsets":[0,8]}}'),
      /second or unknown field/,
    ],
    ['metadata twice', file('{"__metadata__":{},"__metadata__":{}}', 0), /__metadata__ appears twice/],
    ['metadata that is not text', file('{"__metadata__":{"a":1}}', 0), /expected "/],
    ['a missing field', file('{"a":{"dtype":"F32","shape":[2]}}'), /lacks/],
    [
      'an unknown type',
      file('{"a":{"dtype":"F128","shape":[2],"data_offsets":[0,8]}}'),
      /unknown element type F128/,
    ],
    [
      'seventeen axes',
      file(`{"a":{"dtype":"F32","shape":[${new Array(17).fill(1)}],"data_offsets":[0,8]}}`),
      /more than 16/,
    ],
    ['an open string', file('{"a'), /unterminated string/],
    ['text after the object', file('{}{}', 0), /unexpected characters/],
    ['deep nesting', file(`{"a":${'['.repeat(100_000)}`, 0), /expected \{/],
    ['bytes that are not UTF-8', bytesOf(u64(4n), '{"\xff"'), /not UTF-8/],
  ])('%s', (_, bytes, message) => expect(refusal(bytes)).toMatch(message))
})
