import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WireBudget, WireReader, WireWriter } from '../src/protobuf-wire.ts'

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

describe('what a file may become', () => {
  const open = (bytes: readonly number[], budget?: WireBudget): WireReader =>
    new WireReader(new DataView(Uint8Array.from(bytes).buffer), 'sample', 'a test', budget)

  test('messages, texts and byte strings are counted in all of a file; what is passed over is not', () => {
    const inner = [0x0a, 0, 0x0a, 0]
    const bytes = [0x0a, 4, ...inner, 0x12, 0, 0x12, 0, 0x1a, 0, 0x1a, 0]
    const read = (limit: number): void => {
      const reader = open(bytes, new WireBudget(limit))
      while (reader.next()) {
        if (reader.field === 1) {
          const message = reader.message('a message')
          while (message.next()) message.string()
        } else if (reader.field === 2) reader.bytes()
        else reader.skip()
      }
    }
    expect(() => read(5)).not.toThrow()
    expect(() => read(4)).toThrow(
      /^cannot read this sample file: by byte 9, in a test, it holds more than 4 messages and texts/,
    )
    expect(() => read(2)).toThrow(/by byte 5, in a message/)
  })

  test('a name may be too long', () => {
    const reader = open([0x0a, 3, 65, 66, 67])
    reader.next()
    expect(() => reader.string(2)).toThrow(/a name of 3 bytes in field 1, where at most 2 belong, at byte 5/)
  })

  test('lists of a million packed numbers take eight bytes a number', () => {
    const values: number[] = [7]
    const count = 1_000_000
    const body = new Uint8Array(count).fill(3)
    const out = new WireWriter()
    out.bytes(1, body)
    const reader = new WireReader(new DataView(out.finish().buffer), 'sample', 'a test')
    reader.next()
    const before = process.cpuUsage()
    reader.ints(values)
    const { user, system } = process.cpuUsage(before)
    expect(user + system, 'microseconds').toBeLessThan(500_000)
    expect([values.length, values[0], values[1], values[count]]).toEqual([count + 1, 7, 3, 3])
  })

  test('more numbers than an array holds are refused before they are made', () => {
    const out = new WireWriter()
    out.bytes(1, new Uint8Array(2 ** 25 + 1))
    const reader = new WireReader(new DataView(out.finish().buffer), 'sample', 'a test')
    reader.next()
    expect(() => reader.ints([])).toThrow(/more than 33554432 numbers in one list/)
  })
})
