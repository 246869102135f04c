import { isMobileOneError } from '@mobileone/core'
import { describe, expect, it } from 'vitest'
import { readCheckpoint, toFloat32 } from '../src/index.ts'
import { fixture, fixtureJson } from './support/files.ts'
import { bytesOf, dict, op, type Part, tensor, u32, u64 } from './support/pickle.ts'
import { torchZip, writeZip } from './support/zip.ts'

interface Expected {
  readonly root: string
  readonly tensors: Record<string, { dtype: string; shape: number[]; values: (number | 'inf')[] }>
}

const expected = fixtureJson<Record<string, Expected>>('format-fixtures.json')
const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)

function refusal(bytes: Uint8Array, root?: string): string {
  try {
    readCheckpoint(bytes, root === undefined ? {} : { root })
  } catch (error) {
    expect(isMobileOneError(error) && error.code).toBe('invalid-file')
    return (error as Error).message
  }
  throw new Error('the file was read')
}

/** A file of one tensor `a` and whatever else. */
function file(more: Readonly<Record<string, Part>> = {}, storage = floats(1, 2, 3, 4)): Uint8Array {
  const a = tensor({ key: '0', length: 4, shape: [2, 2], strides: [2, 1] })
  return torchZip(dict({ a, ...more }), { 0: storage })
}

describe('files written by torch.save', () => {
  for (const [name, { root, tensors }] of Object.entries(expected)) {
    it(`${name} gives what was saved`, () => {
      const checkpoint = readCheckpoint(fixture(name))
      expect(checkpoint.format).toBe(name.includes('legacy') ? 'pytorch-legacy' : 'pytorch-zip')
      expect(checkpoint.root).toBe(root)
      expect([...checkpoint.tensors.keys()]).toEqual(Object.keys(tensors))
      for (const [key, { dtype, shape, values }] of Object.entries(tensors)) {
        const stored = checkpoint.tensors.get(key)!
        expect([key, stored.dtype, stored.shape]).toEqual([key, dtype, shape])
        const want = values.map((value) => (value === 'inf' ? Number.POSITIVE_INFINITY : Math.fround(value)))
        expect([...toFloat32(stored)]).toEqual(want)
      }
    })
  }

  it('keeps what stands beside the weights as text, and builds no object', () => {
    for (const name of ['training.zip.pt', 'training.legacy.pt']) {
      const { metadata, notes } = readCheckpoint(fixture(name))
      expect(Object.fromEntries(metadata)).toMatchObject({ epoch: '12', arch: 'mobileone_s0' })
      expect(notes.join('\n')).toMatch(/"args" is a Python object \("argparse.Namespace" at byte \d+\)/)
    }
  })

  it('reads another state dict of the file when asked to', () => {
    const plain = readCheckpoint(fixture('training.zip.pt'), { root: 'state_dict' })
    const averaged = readCheckpoint(fixture('training.zip.pt'))
    const weight = (checkpoint: typeof plain): number => toFloat32(checkpoint.tensors.get('0.weight')!)[0]!
    expect(plain.root).toBe('state_dict')
    expect(weight(averaged)).not.toBe(weight(plain))
    expect(refusal(fixture('training.zip.pt'), 'nowhere')).toMatch(
      /no "nowhere" in the file; its keys are "epoch", "arch"/,
    )
    expect(refusal(fixture('training.zip.pt'), 'args')).toMatch(/"args" is a Python object/)
  })

  it('says why whole modules, TorchScript and several state dicts are not read', () => {
    expect(refusal(fixture('module.zip.pt'))).toMatch(
      /"torch.nn.modules.container.Sequential" at byte \d+.*state_dict\(\)/,
    )
    expect(refusal(fixture('module.legacy.pt'))).toMatch(/Python object/)
    expect(refusal(fixture('torchscript.pt'))).toMatch(/TorchScript/)
    expect(refusal(fixture('ambiguous.zip.pt'))).toMatch(/several state dicts, "a", "b"/)
  })

  it('views the file instead of copying it', () => {
    const bytes = fixture('types.zip.pt')
    const { tensors } = readCheckpoint(bytes)
    expect(toFloat32(tensors.get('whole')!).buffer).toBe(bytes.buffer)
    expect(toFloat32(tensors.get('offset')!).buffer).toBe(bytes.buffer)
    expect(toFloat32(tensors.get('pointwise_channels_last')!).buffer).toBe(bytes.buffer)
  })

  it('reads a file that lies at an odd address', () => {
    const bytes = fixture('types.zip.pt')
    const shifted = new Uint8Array(bytes.length + 1).subarray(1)
    shifted.set(bytes)
    expect([...toFloat32(readCheckpoint(shifted).tensors.get('offset')!)]).toEqual([5, 6, 7, 8])
  })
})

describe('later forms of the format', () => {
  it('accepts the records PyTorch 2 adds, and refuses big-endian files', () => {
    const pickle = dict({ a: tensor({ key: '0', length: 2, shape: [2], strides: [1] }) })
    const records = (order: string) => [
      { name: 'archive/.format_version', data: bytesOf('1') },
      { name: 'archive/.storage_alignment', data: bytesOf('64') },
      { name: 'archive/byteorder', data: bytesOf(order) },
      { name: 'archive/.data/serialization_id', data: bytesOf('1234') },
    ]
    const { tensors } = readCheckpoint(torchZip(pickle, { 0: floats(3, 4) }, records('little')))
    expect([...toFloat32(tensors.get('a')!)]).toEqual([3, 4])
    expect(refusal(torchZip(pickle, { 0: floats(3, 4) }, records('big')))).toMatch(/big-endian/)
  })

  it('reads untyped storages with a type of their own (_rebuild_tensor_v3)', () => {
    const untyped = [
      op.global('torch._utils', '_rebuild_tensor_v3'),
      [op.mark, op.mark, op.string('storage'), op.global('torch.storage', 'UntypedStorage'), op.string('0')],
      [op.string('cpu'), op.int(8), op.tuple, op.persistentId, op.int(1), op.mark, op.int(3), op.tuple],
      [op.mark, op.int(1), op.tuple, 0x89, op.emptyDict, op.global('torch', 'uint16'), op.tuple, op.reduce],
    ]
    const stored = new Uint8Array(Uint16Array.from([1, 2, 3, 65535]).buffer)
    const { tensors } = readCheckpoint(torchZip(dict({ a: untyped }), { 0: stored }))
    expect([...toFloat32(tensors.get('a')!)]).toEqual([2, 3, 65535])
  })

  it('reads zip64 archives', () => {
    const pickle = dict({ a: tensor({ key: '0', length: 2, shape: [2], strides: [1] }) })
    const entries = [
      { name: 'x/data.pkl', data: pickle, zip64: true },
      { name: 'x/data/0', data: floats(5, 6), zip64: true },
    ]
    expect([...toFloat32(readCheckpoint(writeZip(entries, { zip64: true })).tensors.get('a')!)]).toEqual([
      5, 6,
    ])
  })
})

describe('hostile pickles', () => {
  const codes: Record<string, Part> = {
    'GLOBAL + REDUCE': [op.global('os', 'system'), op.mark, op.string('id'), op.tuple, op.reduce],
    'GLOBAL of Python 2': [op.global('__builtin__', 'eval'), op.mark, op.string('1'), op.tuple, op.reduce],
    'a submodule': [op.global('importlib.util', 'find_spec'), op.mark, op.string('x'), op.tuple, op.reduce],
    STACK_GLOBAL: [
      op.string('posix'),
      op.string('system'),
      0x93,
      op.mark,
      op.string('id'),
      op.tuple,
      op.reduce,
    ],
    INST: [op.mark, op.string('id'), 'isubprocess\nPopen\n'],
    OBJ: [op.mark, op.global('builtins', 'exec'), op.string('1'), 'o'],
    NEWOBJ: [op.global('subprocess', 'Popen'), op.emptyTuple, 0x81],
    NEWOBJ_EX: [op.global('subprocess', 'Popen'), op.emptyTuple, op.emptyDict, 0x92],
    BUILD: [op.global('runpy', '_run_code'), op.emptyDict, op.build],
  }
  for (const [name, code] of Object.entries(codes)) {
    it(`refuses code by ${name}, with its name and byte offset`, () => {
      expect(refusal(file({ b: code }))).toMatch(
        /asks for the Python function ".+" at byte \d+.*nothing was run/,
      )
    })
  }

  it('names the byte offset in the file, not in the record', () => {
    const bytes = file({ b: op.global('os', 'system') })
    const at = Number(/at byte (\d+)/.exec(refusal(bytes))?.[1])
    expect(Buffer.from(bytes.subarray(at, at + 10)).toString()).toBe('cos\nsystem')
  })

  it('leaves unknown calls unbuilt, whatever they are given', () => {
    const unknown = [
      op.global('my.module', 'Thing'),
      op.mark,
      op.string('x'),
      op.tuple,
      op.reduce,
      op.emptyDict,
      op.build,
    ]
    const { tensors, notes } = readCheckpoint(file({ b: unknown }))
    expect([...tensors.keys()]).toEqual(['a'])
    expect(notes).toEqual([
      expect.stringMatching(/^"b" is a Python object \("my.module.Thing" at byte \d+\)/),
    ])
  })

  const broken: Record<string, [Part, RegExp]> = {
    EXT1: [[0x82, 1], /extension code/],
    EXT4: [[0x84, 1, 2, 3, 4], /extension code/],
    PERSID: ['P12\n', /persistent id in text/],
    NEXT_BUFFER: [[0x97], /out-of-band buffer/],
    'an unknown opcode': [[0xff], /255 is not a pickle opcode/],
    'a huge BINUNICODE': [['X', u32(0xfffffff0), 'abc'], /cut short/],
    'a huge BINBYTES8': [[0x8e, u64(1n << 62n)], /a length of/],
    'a huge LONG4': [[0x8b, u32(0x7fffffff), 1, 2], /2147483647 bytes are missing/],
    'a huge FRAME': [[0x95, u64(1n << 40n)], /a length of/],
    'an empty stack': [[op.tuple], /mark is missing|nothing is left/],
    'a memo entry that is not there': [['h', 9], /memo 9 was never stored/],
    'items on a tensor': [[op.emptyTuple, op.mark, op.string('k'), op.none, op.setItems], /not a dict/],
    'a protocol of the future': [[0x80, 9], /protocol 9/],
  }
  for (const [name, [code, message]] of Object.entries(broken)) {
    it(`refuses ${name}`, () => expect(refusal(file({ b: code }))).toMatch(message))
  }

  const views: [string, Parameters<typeof tensor>[0], RegExp][] = [
    [
      'a view past its storage',
      { key: '0', length: 4, shape: [5], strides: [1] },
      /number 4, but its storage has 4/,
    ],
    ['an offset past its storage', { key: '0', length: 4, offset: 4, shape: [1], strides: [1] }, /number 4/],
    ['a negative size', { key: '0', length: 4, shape: [-1, 2], strides: [1, 1] }, /-1 is not a size/],
    ['a negative stride', { key: '0', length: 4, offset: 3, shape: [2], strides: [-1] }, /-1 is not a size/],
    [
      'a broadcast',
      { key: '0', length: 4, shape: [2 ** 31 - 1, 2 ** 31 - 1], strides: [0, 0] },
      /too many for a file/,
    ],
    [
      'a storage longer than its record',
      { key: '0', length: 5, shape: [1], strides: [1] },
      /its record has 16 bytes/,
    ],
    [
      'a storage that is not there',
      { key: '7', length: 1, shape: [1], strides: [1] },
      /record of storage "7".*missing/,
    ],
    [
      'twenty axes',
      { key: '0', length: 4, shape: new Array(20).fill(1), strides: new Array(20).fill(1) },
      /wrong kind/,
    ],
  ]
  it.each(views)('refuses %s', (_, options, message) => {
    expect(refusal(file({ b: tensor(options) }))).toMatch(message)
  })

  it('survives nesting, self-reference and repeated copies', () => {
    const deep = bytesOf(
      op.proto(2),
      new Uint8Array(200_000).fill(0x5d),
      new Uint8Array(199_999).fill(0x61),
      op.stop,
    )
    expect(refusal(torchZip(deep, {}))).toMatch(/is not a state dict/)
    const self = bytesOf(op.proto(2), op.emptyDict, 'q\x00', op.string('model'), 'h\x00', op.setItem, op.stop)
    expect(refusal(torchZip(self, {}))).toMatch(/holds no tensors/)
    const list = [op.emptyList, 'q\x00', op.mark, new Uint8Array(100_000).fill(0x29), 'e']
    const copy = [op.global('collections', 'OrderedDict'), 'h\x00', 0x85, op.reduce, '0']
    const copies = bytesOf(op.proto(2), list, new Array(50).fill(copy), op.stop)
    expect(refusal(torchZip(copies, {}))).toMatch(/more than \d+ objects/)
  })
})

describe('hostile zips', () => {
  const pickle = dict({ a: tensor({ key: '0', length: 2, shape: [2], strides: [1] }) })
  const entry = { name: 'x/data/0', data: floats(5, 6) }
  const head = { name: 'x/data.pkl', data: pickle }
  it.each([
    ['compressed entries', [head, { ...entry, method: 8 }], /compressed \(method 8\)/],
    ['encrypted entries', [head, { ...entry, flags: 1 }], /encrypted/],
    ['two sizes', [head, { ...entry, lie: { size: 1_000_000 } }], /two sizes/],
    ['an entry past the end', [head, { ...entry, lie: { size: 1e6, storedSize: 1e6 } }], /past the end/],
    ['an entry without a header', [head, { ...entry, lie: { offset: 7 } }], /no header at byte 7/],
    ['overlapping entries', [head, entry, { ...entry, name: 'x/data/1', lie: { offset: 0 } }], /overlap/],
    ['an entry twice', [head, entry, entry], /appears twice/],
    ['no data.pkl', [entry], /not written by torch.save/],
    [
      'a Core ML package',
      [{ name: 'a.mlpackage/Data/x', data: floats(1) }],
      /fromCoreML of @mobileone\/coreml/,
    ],
  ])('refuses %s', (_, entries, message) => expect(refusal(writeZip(entries))).toMatch(message))

  it('refuses a file that is cut short', () => {
    const bytes = fixture('types.zip.pt')
    expect(refusal(bytes.subarray(0, bytes.length - 30))).toMatch(/cut short/)
    expect(refusal(fixture('types.legacy.pt').subarray(0, -8))).toMatch(/the file ends at/)
  })
})
