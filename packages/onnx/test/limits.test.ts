/** Small files that name much: each is refused, or read, in bounded time and memory. */
import { isMobileOneError } from '@mobileone/core'
import { WireWriter } from '@mobileone/core/protobuf-wire'
import { measureCost } from '@mobileone/testkit'
import { expect, test } from 'vitest'
import { fromOnnx } from '../src/index.ts'
import { dataType } from '../src/proto.ts'
import { file, integers, node, weight } from './support/graph.ts'

/** Expect `bytes` to be refused with `message`, or read, within 2 s of processor time and 10 times their size and 50 MB. */
function expectCheap(bytes: Uint8Array, message?: RegExp): void {
  let found: unknown
  const most = { cpuMs: 2000, bytes: 10 * bytes.length + 50e6 }
  const cost = measureCost(() => {
    try {
      fromOnnx(bytes)
    } catch (error) {
      found = error
    }
  }, most)
  if (message) {
    expect(String(found).slice(0, 1000)).toMatch(message)
    expect(isMobileOneError(found)).toBe(true)
  } else expect(found).toBe(undefined)
  expect(cost.cpuMs, 'milliseconds of processor time').toBeLessThan(most.cpuMs)
  expect(cost.bytes / 1e6, 'megabytes').toBeLessThan(most.bytes / 1e6)
}

/** `count` empty messages of the last field of `path`, within messages of the others, outermost first. */
function emptyMessages(path: readonly number[], count: number): Uint8Array {
  const tag = (path.at(-1) as number) * 8 + 2
  let inner = new Uint8Array(2 * count).map((_, index) => (index % 2 === 0 ? tag : 0))
  for (const field of path.slice(0, -1).toReversed()) {
    const out = new WireWriter()
    out.bytes(field, inner)
    inner = new Uint8Array(out.finish())
  }
  return inner
}

test.each([
  ['nodes', [7, 1], /more than 24576 messages for nodes/],
  ['initialisers', [7, 5], /more than 32768 messages for initialisers/],
  ['inputs', [7, 11], /more than 33792 messages for inputs/],
  ['outputs', [7, 12], /more than 1024 messages for outputs/],
  ['opset imports', [8], /holds more than 262144 messages and texts/],
  ['metadata entries', [14], /messages and texts/],
  ['inputs of a node', [7, 1, 1], /messages and texts/],
  ['attributes of a node', [7, 1, 5], /messages and texts/],
  ['raw data of a tensor', [7, 5, 9], /messages and texts/],
  ['dimensions of a shape', [7, 11, 2, 1, 2, 1], /messages and texts/],
  ['values no reader knows', [7, 13], /opset none/],
] as const)('four million two-byte %s', (_, path, message) => {
  expectCheap(emptyMessages(path, 4_000_000), message)
})

test('two-byte nodes and initialisers to the limits', () => {
  const out = new WireWriter()
  const graph = new WireWriter()
  for (const [field, count] of [
    [1, 24_576],
    [5, 32_768],
    [11, 33_792],
  ] as const)
    for (let index = 0; index < count; index++) graph.bytes(field, new Uint8Array(0))
  out.message(7, graph)
  expectCheap(out.finish(), /opset none/)
})

test('a sum of two hundred thousand values', () => {
  const inputs = Array<string>(200_000).fill('x')
  expectCheap(
    file({ nodes: [node('Sum', inputs, 'y')] }),
    /node "Sum y" \(Sum\): with it the model has more than 24576 nodes/,
  )
})

test('three thousand sums of sixty values', () => {
  const nodes = Array.from({ length: 3000 }, (_, index) =>
    node(
      'Sum',
      Array<string>(60).fill(index === 0 ? 'x' : `s${index - 1}`),
      index === 2999 ? 'y' : `s${index}`,
    ),
  )
  expectCheap(file({ nodes }), /more than 24576 nodes/)
})

test('as many nodes as may be, which are read', () => {
  const nodes = Array.from({ length: 24_576 }, (_, index) =>
    node('Relu', [index === 0 ? 'x' : `h${index - 1}`], index === 24_575 ? 'y' : `h${index}`),
  )
  expectCheap(file({ nodes }))
})

test('a name of a megabyte', () => {
  const long = 'n'.repeat(1_000_000)
  expectCheap(file({ nodes: [{ ...node('Relu', ['x'], 'y'), name: long }] }), /a name of 1000000 bytes/)
})

test('an input of a hundred thousand axes, read by every node', () => {
  const shape = Array<number>(100_000).fill(1)
  const nodes = Array.from({ length: 10_000 }, (_, index) =>
    node('Add', index === 0 ? ['x', 'x'] : [`h${index - 1}`, 'x'], index === 9999 ? 'y' : `h${index}`),
  )
  expectCheap(file({ shape, nodes }), /the input "x" of 100000 axes; at most 8/)
})

test('a constant of three hundred thousand axes, scaled by every node', () => {
  const nodes = Array.from({ length: 5000 }, (_, index) =>
    node('Mul', [index === 0 ? 'x' : `h${index - 1}`, 'c'], index === 4999 ? 'y' : `h${index}`),
  )
  const constant = { ...weight('c', [], [1]), dims: Array<number>(300_000).fill(1) }
  expectCheap(file({ nodes, weights: [constant] }), /"c" has 300000 axes, where at most 8 belong/)
})

test('a shape joined of a hundred thousand parts', () => {
  const sizes = integers('s', Array<number>(64).fill(1))
  const nodes = [
    node('Concat', Array<string>(100_000).fill('s'), 'c', { axis: 0 }),
    node('Reshape', ['x', 'c'], 'y'),
  ]
  expectCheap(file({ nodes, weights: [sizes] }), /a shape of 128 numbers/)
})

test('whole numbers of one byte each', () => {
  const tensor = new WireWriter()
  tensor.ints(1, [5_000_000])
  tensor.int(2, dataType.int64)
  tensor.bytes(7, new Uint8Array(5_000_000))
  tensor.string(8, 'w')
  const graph = new WireWriter()
  graph.message(5, tensor)
  const out = new WireWriter()
  out.message(7, graph)
  expectCheap(out.finish(), /opset none/)
})

test('one weight transposed for every node', () => {
  const nodes = Array.from({ length: 3000 }, (_, index) => [
    node('Identity', ['w'], `w${index}`),
    node('Unsqueeze', [`w${index}`, 'axes'], `u${index}`),
    node('Gemm', [index === 0 ? 'x' : `h${index - 1}`, 'w'], index === 2999 ? 'y' : `h${index}`, {
      beta: { float: index },
      alpha: { float: 1 + index },
    }),
  ]).flat()
  expectCheap(
    file({ shape: [1, 300], nodes, weights: [weight('w', [300, 300]), integers('axes', [0])] }),
    /makes far more weights than its file holds/,
  )
})

/** `count` weights of `rows` x `columns` bytes, one after another, in 8 bits: the one tensor in steps of its own each time. */
function dequantizing(count: number, rows: number, columns: number, ops: readonly string[]): Uint8Array {
  const levels = {
    ...weight('w', [rows, columns], []),
    type: dataType.int8,
    raw: new Uint8Array(rows * columns),
  }
  const nodes = Array.from({ length: count }, (_, index) => {
    const [read, made] = [index === 0 ? 'x' : `h${index - 1}`, index === count - 1 ? 'y' : `h${index}`]
    return [
      node('DequantizeLinear', ['w', 's'], `w${index}`, { axis: 1 }),
      node(ops[index % ops.length] as string, [read, `w${index}`], made),
    ]
  }).flat()
  return file({ shape: [1, rows], nodes, weights: [levels, weight('s', [columns])] })
}

test.each(['MatMul', 'Gemm'])('int8 weights by columns for a %s, which are read', (op) => {
  expectCheap(dequantizing(1, 1200, 1000, [op]))
})

test('one int8 weight dequantised for every node', () => {
  expectCheap(dequantizing(3000, 1000, 1000, ['MatMul']), /makes far more weights than its file holds/)
})

const resized = (size: number): Uint8Array =>
  file({
    nodes: [
      node('Resize', ['x', '', '', 'sizes'], 'y', {
        mode: 'nearest',
        coordinate_transformation_mode: 'asymmetric',
        nearest_mode: 'floor',
      }),
    ],
    weights: [integers('sizes', [2, 3, size, size])],
  })

test.each([2 ** 14 + 1, 2 ** 31, 2 ** 53, -1, 0])('a map resized to %d pixels', (size) => {
  expectCheap(resized(size), /1 to 16384 are supported/)
  expectCheap(resized(2 ** 14))
})

test('a map that doubles until its elements cannot be counted', () => {
  const nodes = Array.from({ length: 20_000 }, (_, index) =>
    node('Concat', index === 0 ? ['x', 'x'] : [`v${index}`, `v${index}`], `v${index + 1}`, { axis: 1 }),
  )
  expectCheap(file({ nodes, outputs: ['v20000'] }), /more elements than can be counted/)
})

test('twenty thousand resizes and slices of the largest map', () => {
  const resizes = Array.from({ length: 10_000 }, (_, index) =>
    node('Resize', [index === 0 ? 'x' : `v${index}`, '', '', 'sizes'], `v${index + 1}`, {
      mode: 'linear',
    }),
  )
  const slices = Array.from({ length: 10_000 }, (_, index) =>
    node('Slice', [`v${10_000 + index}`, 'zero', 'many', 'three'], `v${10_001 + index}`),
  )
  const weights = [
    integers('sizes', [2, 3, 2 ** 14, 2 ** 14]),
    integers('zero', [0]),
    integers('many', [2 ** 62]),
    integers('three', [3]),
  ]
  expectCheap(file({ nodes: [...resizes, ...slices], outputs: ['v20000'], weights }))
})

test('four thousand gathers of sixteen thousand rows', () => {
  const list = integers(
    'list',
    Array.from({ length: 2 ** 14 }, (_, index) => (index * 5) >> 14),
  )
  const nodes = Array.from({ length: 4000 }, (_, index) =>
    node('Gather', ['x', 'list'], `v${index}`, { axis: 2 }),
  )
  const outputs = nodes.map(({ outputs: [name] }) => name as string).slice(0, 1000)
  expectCheap(file({ nodes, outputs, weights: [list] }), /far more weights than its file holds/)
})

test('a split in two hundred thousand parts', () => {
  const names = Array.from({ length: 200_000 }, (_, index) => `v${index}`)
  expectCheap(
    file({ nodes: [node('Split', ['x'], names, { axis: 1 })], outputs: names.slice(0, 1000) }),
    /nothing of axis 1/,
  )
})

test.each([
  ['lists in lists', '['.repeat(2 ** 20), undefined],
  ['lists', `[${'[],'.repeat(2 ** 18)}[]]`, undefined],
  [
    'a text past the limit',
    `["${'x'.repeat(2 ** 20)}"]`,
    /1048580 characters where JSON belongs; at most 1048576/,
  ],
] as const)('labels that are %s', (_, labels, message) => {
  expectCheap(file({ nodes: [node('Relu', ['x'], 'y')], metadata: [['labels', labels]] }), message)
})
