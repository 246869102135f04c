import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WireReader, WireWriter } from '../src/protobuf-wire.ts'

function reader(out: WireWriter): WireReader {
  const bytes = out.finish()
  expect(bytes.length).toBe(out.length)
  return new WireReader(new DataView(bytes.buffer), 'sample', 'a test')
}

describe('what is written reads back', () => {
  test('whole numbers of 64 bits', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 1, max: 2 ** 29 - 1 }), (value, field) => {
        const out = new WireWriter()
        out.int(field, value)
        const back = reader(out)
        expect(back.next()).toBe(true)
        expect([back.field, back.type, back.int()]).toEqual([field, 0, value])
        expect(back.next()).toBe(false)
      }),
    )
  })

  test('text, bytes, floats and messages in messages', () => {
    const text = fc.string({ unit: 'grapheme' })
    fc.assert(
      fc.property(text, fc.uint8Array(), fc.float(), fc.float32Array(), (string, bytes, float, floats) => {
        const inner = new WireWriter()
        inner.string(1, string)
        inner.bytes(2, bytes)
        inner.float(3, float)
        inner.bytes(4, floats)
        const out = new WireWriter()
        out.message(9, inner)
        out.int(10, 1)
        const outer = reader(out)
        outer.next()
        const back = outer.message('the inner message')
        const values: number[] = []
        while (back.next()) {
          if (back.field === 1) expect(back.string()).toBe(string)
          else if (back.field === 2) expect(back.bytes()).toEqual(bytes)
          else if (back.field >= 3) back.floats(values)
        }
        expect(values).toEqual([float, ...floats])
        expect(outer.next()).toBe(true)
        outer.skip()
        expect(outer.next()).toBe(false)
      }),
    )
  })
})

test('packed whole numbers, negative ones in ten bytes', () => {
  const out = new WireWriter()
  out.ints(3, [0, -1, 300])
  expect(out.length).toBe(2 + 1 + 10 + 2)
  const back = reader(out)
  back.next()
  const values: number[] = []
  back.ints(values)
  expect(values).toEqual([0, -1, 300])
})

test('repeated numbers read the same packed and one by one', () => {
  const packed = Uint8Array.of(0x0a, 4, 1, 2, 0x96, 0x01)
  const single = Uint8Array.of(0x08, 1, 0x08, 2, 0x08, 0x96, 0x01)
  for (const bytes of [packed, single]) {
    const values: number[] = []
    const back = new WireReader(new DataView(bytes.buffer), 'sample', 'a test')
    while (back.next()) back.ints(values)
    expect(values).toEqual([1, 2, 150])
  }
})

test('packed numbers of a broken length are refused', () => {
  const back = new WireReader(new DataView(Uint8Array.of(0x0a, 3, 1, 2, 3).buffer), 'sample', 'a test')
  back.next()
  expect(() => back.floats([])).toThrow(/3 bytes of packed 4-byte numbers at byte 5, in a test/)
})

test('a packed varint may not reach past its field', () => {
  const back = new WireReader(new DataView(Uint8Array.of(0x0a, 1, 0x80, 1).buffer), 'sample', 'a test')
  back.next()
  expect(() => back.ints([])).toThrow(/the end of the data at byte 3/)
})
