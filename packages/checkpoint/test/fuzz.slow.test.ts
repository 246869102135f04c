import {
  elementCount,
  initialize,
  isMobileOneError,
  mobileone,
  type Random,
  random,
  reparameterize,
} from '@mobileone/core'
import { describe, expect, it } from 'vitest'
import { modelFromCheckpoint, readCheckpoint, toFloat32, toSafetensors } from '../src/index.ts'
import { unpickle } from '../src/pytorch/unpickle.ts'
import { allocatedBy } from './support/allocations.ts'
import { fixture } from './support/files.ts'
import { inInt8 } from './support/int8.ts'
import { mutate, randomPickle, type Subject } from './support/mutate.ts'
import { bytesOf, dict, type Part, tensor, u64 } from './support/pickle.ts'
import { torchZip, writeZip, type ZipEntry } from './support/zip.ts'

/** Converted elements are at most two float32 per byte of the file, gathered and unaligned ones are copied once before. */
const bytesPerByte = 24
const constant = 4096
const longestMs = 2000

interface Tally {
  read: number
  refused: number
  models: number
}

/** Read `bytes` all the way: every tensor, and the model. Anything but a result or a MobileOneError in good time fails. */
function attempt(what: string, bytes: Uint8Array, tally: Tally): void {
  const started = performance.now()
  const allocated = allocatedBy(() => {
    try {
      const checkpoint = readCheckpoint(bytes)
      for (const stored of checkpoint.tensors.values()) {
        if (stored.dtype.startsWith('float8')) continue
        const { length } = toFloat32(stored)
        if (length !== elementCount(stored.shape)) throw new Error(`${length} elements for ${stored.shape}`)
      }
      tally.read++
    } catch (error) {
      if (!isMobileOneError(error)) throw new Error(`${what} threw ${String(error)}`, { cause: error })
      tally.refused++
    }
  })
  if (allocated > bytesPerByte * bytes.length + constant) {
    throw new Error(`${what} allocated ${allocated} bytes for a file of ${bytes.length}`)
  }
  try {
    modelFromCheckpoint(readCheckpoint(bytes))
    tally.models++
  } catch (error) {
    if (!isMobileOneError(error)) throw new Error(`${what} threw ${String(error)}`, { cause: error })
  }
  const took = performance.now() - started
  if (took > longestMs) throw new Error(`${what} took ${took} ms`)
}

function fuzz(
  cases: number,
  seed: number,
  make: (source: Random) => [name: string, bytes: Uint8Array],
): Tally {
  const tally = { read: 0, refused: 0, models: 0 }
  for (let index = 0; index < cases; index++) {
    const source = random(seed + index)
    const [name, bytes] = make(source)
    attempt(`${name} of seed ${seed + index}`, bytes, tally)
  }
  return tally
}

const tiny = initialize(
  mobileone(
    {
      name: 'tiny',
      input: { channels: 3, size: [16, 16] },
      stem: { channels: 2, stride: 2, branches: 1 },
      stages: [{ blocks: 1, channels: 3, stride: 2, branches: 1, squeezeExcite: 1 }],
      classes: 2,
    },
    { form: 'train' },
  ),
  { seed: 1, statistics: 'random' },
)

function safetensors(name: string, bytes: Uint8Array): Subject {
  return { name, bytes, structure: [[0, 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))]] }
}

function find(bytes: Uint8Array, text: string): number {
  return Buffer.from(bytes).indexOf(text, 0, 'latin1')
}

function zip(name: string): Subject {
  const bytes = fixture(name)
  const secondEntry = Buffer.from(bytes).indexOf('PK\x03\x04', 4, 'latin1')
  return {
    name,
    bytes,
    structure: [
      [find(bytes, '\x80'), secondEntry],
      [find(bytes, 'PK\x01\x02'), bytes.length],
    ],
  }
}

const subjects: readonly Subject[] = [
  safetensors('canonical.safetensors', toSafetensors({ ...tiny, card: { labels: ['a', 'b'] } })),
  safetensors('timm.safetensors', toSafetensors(tiny, { naming: 'timm', storage: 'float16' })),
  safetensors('int8.safetensors', toSafetensors(inInt8(reparameterize(tiny)))),
  zip('types.zip.pt'),
  zip('types.protocol4.zip.pt'),
  zip('training.zip.pt'),
  { name: 'types.legacy.pt', bytes: fixture('types.legacy.pt'), structure: [] },
  { name: 'training.legacy.pt', bytes: fixture('training.legacy.pt'), structure: [] },
]

describe('damaged files are read or refused, quickly and within bounds', () => {
  it.each(subjects)('1,000 damages of $name', { timeout: 300_000 }, (subject) => {
    const tally = fuzz(1000, 1_000_000, (source) => [subject.name, mutate(subject, source)])
    expect(tally.refused).toBeGreaterThan(90)
    expect(tally.read).toBeGreaterThan(9)
  })

  it('every truncation of every file', { timeout: 300_000 }, () => {
    const tally = { read: 0, refused: 0, models: 0 }
    for (const { name, bytes } of subjects) {
      const step = Math.max(1, Math.floor(bytes.length / 300))
      for (let length = 0; length < bytes.length; length += step) {
        attempt(`${name} cut to ${length}`, bytes.slice(0, length), tally)
      }
    }
    expect(tally.refused).toBeGreaterThan(2000)
    expect(tally.read).toBe(0)
  })
})

describe('hostile files are read or refused, quickly and within bounds', () => {
  const storage = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer)
  const legacyHead = (() => {
    const bytes = fixture('types.legacy.pt')
    return bytes.slice(0, Buffer.from(bytes).indexOf('.', Buffer.from(bytes).indexOf('little_endian')) + 1)
  })()

  it('2,000 random pickles, zipped and legacy', { timeout: 300_000 }, () => {
    const tally = fuzz(2000, 2_000_000, (source) => {
      const inner = randomPickle(source)
      const good: Part = tensor({ key: '0', length: 4, shape: [2, 2], strides: [2, 1] })
      const pickle = source.next() < 0.5 ? bytesOf(inner) : dict({ a: good, b: inner.slice(2, -1) })
      return source.next() < 0.6
        ? ['a zipped pickle', torchZip(pickle, { 0: storage })]
        : ['a legacy pickle', bytesOf(legacyHead, pickle, ']X\x01\x00\x00\x000a.', u64(4n), storage)]
    })
    expect(tally.read).toBeGreaterThan(10)
  })

  it('a pickle never makes more objects than it has bytes', () => {
    for (let seed = 0; seed < 2000; seed++) {
      const bytes = bytesOf(randomPickle(random(3_000_000 + seed)))
      try {
        expect(unpickle(bytes, 0, 0, () => null).objects).toBeLessThanOrEqual(bytes.length)
      } catch (error) {
        if (!isMobileOneError(error)) throw error
      }
    }
  })

  it('1,500 views of every kind', { timeout: 300_000 }, () => {
    const tally = fuzz(1500, 4_000_000, (source) => {
      const pick = (...values: number[]): number => values[source.integer(0, values.length - 1)]!
      const size = (): number =>
        source.next() < 0.8 ? source.integer(0, 4) : pick(1000, 65536, 2 ** 31 - 1, 2 ** 32 - 1)
      const stride = (): number => (source.next() < 0.9 ? pick(0, 0, 1, 2) : pick(4, 65536, 2 ** 32 - 1))
      const rank = source.integer(0, 4)
      const numbers = (next: () => number): number[] =>
        Array.from({ length: rank + Number(source.next() < 0.02) }, next)
      const types = ['FloatStorage', 'HalfStorage', 'ByteStorage', 'IntStorage', 'NoStorage']
      const view = () =>
        tensor({
          key: source.next() < 0.95 ? '0' : '1',
          storage: types[source.next() < 0.05 ? 4 : source.integer(0, 3)]!,
          length: source.next() < 0.95 ? 4 : source.integer(0, 5),
          offset: source.integer(0, 3),
          shape: numbers(size),
          strides: numbers(stride),
        })
      return [
        'views',
        torchZip(dict(source.next() < 0.7 ? { a: view() } : { a: view(), b: view() }), { 0: storage }),
      ]
    })
    expect(tally.read).toBeGreaterThan(200)
  })

  it('1,500 zips that lie', { timeout: 300_000 }, () => {
    const pickle = dict({ a: tensor({ key: '0', length: 4, shape: [4], strides: [1] }) })
    const tally = fuzz(1500, 5_000_000, (source) => {
      const entries: ZipEntry[] = [
        { name: 'x/data.pkl', data: pickle },
        { name: 'x/data/0', data: storage },
        { name: 'x/version', data: bytesOf('3\n') },
      ]
      const lies = [0, 1, 15, 17, 100, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1]
      const lie = (): number => lies[source.integer(0, lies.length - 1)]!
      const changed = entries.map(
        (entry): ZipEntry => ({
          ...entry,
          method: source.next() < 0.1 ? source.integer(0, 99) : 0,
          flags: source.next() < 0.1 ? source.integer(0, 65535) : 0,
          zip64: source.next() < 0.4,
          lie: {
            ...(source.next() < 0.2 && { size: lie() }),
            ...(source.next() < 0.2 && { storedSize: lie() }),
            ...(source.next() < 0.2 && { offset: lie() }),
          },
        }),
      )
      return ['a zip', writeZip(changed, { zip64: source.next() < 0.5 })]
    })
    expect(tally.read).toBeGreaterThan(20)
  })

  it('1,500 safetensors headers that lie', { timeout: 300_000 }, () => {
    const tally = fuzz(1500, 6_000_000, (source) => {
      const pick = <T>(...items: T[]): T => items[source.integer(0, items.length - 1)]!
      const number = (): unknown =>
        pick<unknown>(
          0,
          1,
          2,
          4,
          8,
          16,
          source.integer(0, 32),
          pick<unknown>(-1, 1e30, 2 ** 53, 0.5, '4', null),
        )
      const entry = (): string => {
        const begin = pick(0, 0, 4, 8)
        const offsets = source.next() < 0.7 ? [begin, begin + 8] : [number(), number()]
        const shape = source.next() < 0.7 ? [2] : Array.from({ length: source.integer(0, 20) }, number)
        return JSON.stringify({
          dtype: pick('F32', 'F32', 'F16', 'I64', 'F8_E4M3', 'X'),
          shape,
          data_offsets: offsets,
        })
      }
      const names = ['a', 'b', '__metadata__', '__proto__', 'constructor', '\\u0061']
      const items = Array.from({ length: source.integer(0, 3) }, () => `"${pick(...names)}":${entry()}`)
      const header = `{${items.join(',')}}${pick('', '', ' ', '}')}`
      const length = source.next() < 0.8 ? header.length : Number(pick(0, 1, header.length + 1, 2 ** 40))
      return ['a header', bytesOf(u64(BigInt(length)), header, new Uint8Array(pick(0, 8, 8, 16)))]
    })
    expect(tally.read).toBeGreaterThan(5)
  })

  it('bombs of one opcode', { timeout: 300_000 }, () => {
    const fill: Part[] = [
      '}',
      ']',
      '(',
      'N',
      ')',
      '(t',
      '(l',
      '(d',
      ')\x85',
      'N\x94',
      '2',
      '}NNs',
      'U\x01\xff',
      ']Na',
      'C\x00',
      'K\x00q\x00',
    ]
    fill.push(
      'cx\ny\n',
      'cx\ny\n)R',
      'ccollections\nOrderedDict\n)R',
      '(N1',
      '\x8a\x08abcdefgh',
      '\x8d\x00\x00\x00\x00\x00\x00\x00\x00',
      'r\xff\xff\xff\xff',
    )
    for (const unit of fill) {
      const repeats = Math.floor(1_000_000 / bytesOf(unit).length)
      const one = bytesOf(unit)
      const body = new Uint8Array(repeats * one.length)
      for (let i = 0; i < repeats; i++) body.set(one, i * one.length)
      const pickle = new Uint8Array(body.length + 4)
      pickle.set([0x80, 2, 0x4e])
      pickle.set(body, 3)
      pickle[pickle.length - 1] = 0x2e
      const started = performance.now()
      try {
        expect(unpickle(pickle, 0, 0, () => null).objects).toBeLessThanOrEqual(300_000)
      } catch (error) {
        if (!isMobileOneError(error)) throw error
      }
      expect(performance.now() - started, String(unit)).toBeLessThan(5000)
    }
  })
})
