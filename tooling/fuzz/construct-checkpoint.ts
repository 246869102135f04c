import { randomPickle } from '../../packages/checkpoint/test/support/mutate.ts'
import { bytesOf, dict, type Part, tensor, u64 } from '../../packages/checkpoint/test/support/pickle.ts'
import { torchZip, writeZip, type ZipEntry } from '../../packages/checkpoint/test/support/zip.ts'
import { opNames, type Random } from '../../packages/core/src/index.ts'
import { hostileNumber, pick } from './parser.ts'

const storage = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer)
const stems = ['stem', 'stage0', 'module.stem', 'backbone.stage0']
const blocks = ['stage1.0', 'stage1.1', 'stages.0.0', 'stage4.3', 'head', 'linear']
const parts = [
  '',
  '.conv.0',
  '.rbr_conv.0.conv',
  '.conv_kxk.1.bn',
  '.scale',
  '.skip',
  '.se.reduce',
  '.reparam_conv',
]
const parameters = ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']

function key(source: Random): string {
  if (source.next() < 0.1) return pick(source, ['a', '__proto__', 'constructor', 'n_averaged', 'steps', ''])
  const block = source.next() < 0.3 ? pick(source, stems) : pick(source, blocks)
  const part = source.next() < 0.2 ? pick(source, ['.scale', '.zero', '.diag', '.input']) : ''
  return `${block}${pick(source, parts)}.${pick(source, parameters)}${part}`
}

/** A node with fields of any kind. */
function graphNode(source: Random): string {
  const value = (): unknown =>
    pick<unknown>(source, [
      'x',
      'a',
      ['x'],
      ['x', 'a'],
      [1, 1],
      [hostileNumber(source), 1],
      null,
      1,
      {},
      hostileNumber(source),
    ])
  const fields = [
    'inputs',
    'weight',
    'bias',
    'stride',
    'padding',
    'dilation',
    'groups',
    'epsilon',
    'axis',
    'kernel',
  ]
  const op = pick(source, [...opNames, 'x'])
  return JSON.stringify({ op, name: 'a', ...Object.fromEntries(fields.map((field) => [field, value()])) })
}

/** A safetensors header that is mostly well formed, with names of networks, and data that mostly fits. */
export function constructSafetensors(source: Random): Uint8Array {
  const number = (): unknown =>
    source.next() < 0.7
      ? source.integer(0, 8)
      : pick<unknown>(source, [-1, 1e30, 2 ** 53, 0.5, '4', null, hostileNumber(source)])
  let end = 0
  const entry = (): string => {
    if (source.next() < 0.2) {
      const shape = Array.from({ length: source.integer(0, 20) }, number)
      return JSON.stringify({
        dtype: pick(source, ['F32', 'X', 'F8_E4M3']),
        shape,
        data_offsets: [number(), number()],
      })
    }
    const [dtype, width] = pick(source, [
      ['F32', 4],
      ['F16', 2],
      ['I64', 8],
      ['BF16', 2],
      ['U8', 1],
      ['I8', 1],
    ] as const)
    const shape = Array.from({ length: source.integer(0, 4) }, () => source.integer(0, 4))
    const begin = end
    end += width * shape.reduce((a, b) => a * b, 1)
    return JSON.stringify({ dtype, shape, data_offsets: [begin, end] })
  }
  const items = Array.from(
    { length: source.integer(0, 12) },
    () => `${JSON.stringify(key(source))}:${entry()}`,
  )
  if (source.next() < 0.4) {
    const values = [
      '{"name":"n","size":[32,32],"strides":{"stem":2,"stages":[2]}}',
      '{"size":[1e9,0]}',
      '{"labels":["a"],"preprocess":{"size":[9000,9000]}}',
      '['.repeat(source.integer(1, 5000)),
      'null',
      '{"version":1,"name":"n","inputs":{"x":[1,2,3,4]},"outputs":{"y":"a"},"nodes":[{"op":"relu","name":"a","inputs":["x"]}]}',
      '{"version":1,"name":"n","inputs":{"__proto__":[1e9,1e9]},"outputs":{},"nodes":[{"op":"linear","name":"a","inputs":["a","a"],"weight":"a"}]}',
      `{"version":1,"name":"n","inputs":{"x":[1,1,8,8]},"outputs":{"y":"a"},"nodes":[${graphNode(source)}]}`,
    ]
    const name = pick(source, ['mobileone.network', 'mobileone.card', 'mobileone.graph', 'format'])
    const int8 = pick(source, [
      '',
      '"quantization":"w8a7","version":"1",',
      '"quantization":"w8","version":"1",',
    ])
    items.push(`"__metadata__":{${int8}"${name}":${JSON.stringify(pick(source, values))}}`)
  }
  const header = bytesOf(`{${items.join(',')}${source.next() < 0.95 ? '}' : ''}`)
  const length = source.next() < 0.9 ? header.length : hostileNumber(source)
  const data = new Uint8Array(source.next() < 0.9 ? Math.min(end, 1e5) : source.integer(0, 64))
  return bytesOf(u64(BigInt(length)), header, data)
}

/** A file of torch.save: a random pickle, a state dict with odd views, or a zip that lies. `head` begins a legacy file. */
export function constructPyTorch(source: Random, head: Uint8Array): Uint8Array {
  const view = (): Part => {
    const rank = source.integer(0, 4)
    const size = (): number => (source.next() < 0.9 ? source.integer(0, 4) : hostileNumber(source))
    const numbers = (): number[] => Array.from({ length: rank }, size)
    return tensor({
      key: pick(source, ['0', '0', '0', '1']),
      storage: pick(source, ['FloatStorage', 'HalfStorage', 'ByteStorage', 'LongStorage', 'NoStorage']),
      length: source.next() < 0.9 ? pick(source, [1, 2, 4]) : hostileNumber(source),
      offset: source.integer(0, 3),
      shape: numbers(),
      strides: numbers(),
    })
  }
  const entries = (): Record<string, Part> =>
    Object.fromEntries(Array.from({ length: source.integer(0, 8) }, () => [key(source), view()]))
  const random = bytesOf(randomPickle(source))
  const pickle =
    source.next() < 0.4
      ? random
      : source.next() < 0.5
        ? dict(entries())
        : dict({
            [pick(source, ['state_dict', 'model', 'ema_state_dict', 'x'])]: random.slice(2, -1),
            ...entries(),
          })
  switch (source.integer(0, 2)) {
    case 0:
      return bytesOf(head, pickle, ']X\x01\x00\x00\x000a.', u64(4n), storage)
    case 1:
      return torchZip(pickle, { 0: storage })
    default: {
      const lie = (): number | undefined => (source.next() < 0.2 ? hostileNumber(source) : undefined)
      const files: ZipEntry[] = [
        { name: 'x/data.pkl', data: pickle },
        { name: 'x/data/0', data: storage },
      ]
      const lying = files.map((file) => {
        const [size, storedSize, offset] = [lie(), lie(), lie()]
        const told = { ...(size !== undefined && { size }), ...(storedSize !== undefined && { storedSize }) }
        return {
          ...file,
          zip64: source.next() < 0.3,
          method: source.next() < 0.1 ? source.integer(0, 99) : 0,
          lie: { ...told, ...(offset !== undefined && { offset }) },
        }
      })
      return writeZip(lying, { zip64: source.next() < 0.4 })
    }
  }
}
