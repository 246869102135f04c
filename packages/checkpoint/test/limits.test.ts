import { initialize, isMobileOneError, mobileone } from '@mobileone/core'
import { describe, expect, it } from 'vitest'
import { modelFromCheckpoint, readCheckpoint, toSafetensors, writeSafetensors } from '../src/index.ts'
import { limits } from '../src/limits.ts'
import { unpickle } from '../src/pytorch/unpickle.ts'
import { allocatedBy } from './support/allocations.ts'
import { bytesOf, dict, op, type Part, u32, u64 } from './support/pickle.ts'
import { torchZip } from './support/zip.ts'

/** Run `work` on a file of `size` bytes; the result is its error, if any. Fails past 2 s of CPU or ten times the file and 50 MB. */
function bounded(size: number, work: () => unknown): string | undefined {
  let message: string | undefined
  const before = process.cpuUsage()
  const heapBefore = process.memoryUsage().heapUsed
  let kept: unknown
  const allocated = allocatedBy(() => {
    try {
      kept = work()
    } catch (error) {
      if (!isMobileOneError(error)) throw error
      message = error.message
    }
  })
  const { user, system } = process.cpuUsage(before)
  const heap = process.memoryUsage().heapUsed - heapBefore
  expect((user + system) / 1e6).toBeLessThan(2)
  expect(Math.max(heap, allocated)).toBeLessThan(10 * size + 50e6)
  void kept
  return message
}

function repeat(count: number, ...parts: Part[]): Uint8Array {
  const one = bytesOf(parts)
  const all = new Uint8Array(count * one.length)
  for (let i = 0; i < count; i++) all.set(one, i * one.length)
  return all
}

function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts))
}

describe('a small file takes neither long nor much', () => {
  it('of names that suggest a network of a million weights', () => {
    const tensors = new Map<string, { dtype: 'F32'; shape: number[]; data: Float32Array }>()
    const add = (name: string) => tensors.set(name, { dtype: 'F32', shape: [1], data: Float32Array.of(1) })
    add('stem.conv.0.weight')
    for (let i = 0; i < 1000; i++) {
      add(`stage1.0.conv.${i}.weight`)
      add(`stage1.${i}.scale.weight`)
    }
    const file = writeSafetensors(tensors)
    expect(file.length).toBeLessThan(250_000)
    const message = bounded(file.length, () => modelFromCheckpoint(readCheckpoint(file)))
    expect(message).toContain('suggest a network of')
    expect(message).toContain('a stage of 1000 blocks of 1000 branches')
  })

  it('of a prefix of a megabyte before every missing key', () => {
    const name = `${'p'.repeat(1e6)}.stem.conv.0.weight`
    const file = writeSafetensors(new Map([[name, { dtype: 'F32', shape: [1], data: Float32Array.of(1) }]]))
    const message = bounded(file.length, () => modelFromCheckpoint(readCheckpoint(file)))
    expect(message!.length).toBeLessThan(30_000)
  })

  it('of a long name in the memo, used as a module again and again', () => {
    const long = 'm'.repeat(2_700_000)
    const pickle = join(
      bytesOf(op.proto(4), 'X', u32(long.length), long, 'q\x00', 'X', u32(1), 'f', 'q\x01'),
      repeat(290_000, 'h\x00h\x01\x930'),
      bytesOf('.'),
    )
    expect(bounded(pickle.length, () => unpickle(pickle, 0, 0, () => null))).toContain(
      'a Python name of 2700000',
    )
  })

  it('of many names joined from few', () => {
    const names = (letter: string, from: number): Part[] =>
      Array.from({ length: 700 }, (_, i) => {
        const text = `${letter.repeat(240)}${i}`
        return ['X', u32(text.length), text, 'r', u32(from + i), '0']
      })
    const pairs: Part[] = []
    for (let a = 0; a < 700; a++) {
      for (let b = 0; b < 400; b++) pairs.push(['j', u32(a), 'j', u32(1000 + b), '\x93'])
    }
    const pickle = bytesOf(op.proto(4), names('a', 0), names('b', 1000), pairs, '.')
    expect(bounded(pickle.length, () => unpickle(pickle, 0, 0, () => null))).toContain('objects')
  })

  it('of keys of megabytes beside the weights', () => {
    const text = 'k'.repeat(300_000)
    const items: Part[] = Array.from({ length: 60 }, (_, i) => [
      'X',
      u32(text.length + 2),
      `${text}${String(i).padStart(2, '0')}`,
      op.global('a', 'b'),
      ')R',
    ])
    const pickle = bytesOf(op.proto(2), op.emptyDict, op.mark, items, op.setItems, op.stop)
    const file = torchZip(pickle, {})
    expect(bounded(file.length, () => readCheckpoint(file))).toContain('holds no tensors')
  })

  it('of one large dict under many keys', () => {
    const inner: Part[] = [
      op.emptyDict,
      op.mark,
      repeat(100_000, 'X\x01\x00\x00\x00aN'),
      op.setItems,
      'q\x00',
    ]
    const outer: Part[] = Array.from({ length: 60_000 }, (_, i) => [op.string(String(i)), 'h\x00'])
    const pickle = bytesOf(op.proto(2), op.emptyDict, op.mark, op.string('d'), inner, outer, op.setItems, '.')
    const file = torchZip(pickle, {})
    expect(bounded(file.length, () => readCheckpoint(file))).toContain('holds no tensors')
  })

  it('of long integers', () => {
    const unit = bytesOf('\x8b', u32(1000), new Uint8Array(1000).fill(0x7f), '0')
    const pickle = join(bytesOf(op.proto(2)), repeat(20_000, unit), bytesOf('N.'))
    expect(bounded(pickle.length, () => unpickle(pickle, 0, 0, () => null))).toBeUndefined()
    const short = join(
      bytesOf(op.proto(2)),
      repeat(250_000, '\x8a\x20', new Uint8Array(32).fill(0x7f), '0'),
      bytesOf('N.'),
    )
    expect(bounded(short.length, () => unpickle(short, 0, 0, () => null))).toBeUndefined()
  })

  it('of opcodes that leave nothing', () => {
    const pickle = join(bytesOf(op.proto(2)), repeat(limits.opcodes, 'N0'), bytesOf('N.'))
    expect(bounded(pickle.length, () => unpickle(pickle, 0, 0, () => null))).toContain(
      `more than ${limits.opcodes} opcodes`,
    )
  })

  it('of empty tensors by the hundred thousand', () => {
    const entries = Array.from(
      { length: limits.tensors + 1 },
      (_, i) => `"${i.toString(36)}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`,
    )
    const header = new TextEncoder().encode(`{${entries.join(',')}}`)
    const file = join(bytesOf(u64(BigInt(header.length))), header)
    expect(bounded(file.length, () => readCheckpoint(file))).toContain(`more than ${limits.tensors} tensors`)
  })

  const deep = '['.repeat(100_000) + ']'.repeat(100_000)
  const tiny = initialize(
    mobileone(
      {
        name: 'tiny',
        input: { channels: 3, size: [8, 8] },
        stem: { channels: 1, stride: 2, branches: 1 },
        stages: [{ blocks: 1, channels: 1, stride: 2, branches: 1, squeezeExcite: 0 }],
        classes: 1,
      },
      { form: 'deploy' },
    ),
    { seed: 1 },
  )
  it.each([
    ['card', toSafetensors(tiny, { metadata: { 'mobileone.card': `{"training":{"a":${deep}}}` } })],
    [
      'network',
      writeSafetensors(new Map([['stem.weight', { dtype: 'F32', shape: [1], data: Float32Array.of(1) }]]), {
        'mobileone.network': deep,
      }),
    ],
  ])('of a %s nested a hundred thousand deep', (_, file) => {
    expect(bounded(file.length, () => modelFromCheckpoint(readCheckpoint(file)))).toContain(
      'nests more than 64 deep',
    )
  })
})

it('keeps an integer of 17 bytes, as random generators have, and leaves longer ones alone', () => {
  const wide = bytesOf(0x8a, 17, new Uint8Array(16).fill(255), 1)
  const pickle = dict({ seed: wide, other: bytesOf('\x8b', u32(100), new Uint8Array(100).fill(1)) })
  const { value } = unpickle(pickle, 0, 0, () => null)
  const entries = (value as { strings(): Map<string, unknown> }).strings()
  expect(entries.get('seed')).toBe(2n ** 129n - 1n)
  expect(entries.get('other')).toMatchObject({ what: 'an integer of many digits' })
})
