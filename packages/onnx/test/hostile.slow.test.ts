import { readFileSync } from 'node:fs'
import {
  configFromWidths,
  initialize,
  isMobileOneError,
  mobileone,
  type Random,
  random,
} from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { decodeModel } from '../src/decode.ts'
import { encodeModel } from '../src/encode.ts'
import { fromOnnx, toOnnx } from '../src/index.ts'
import type { OnnxAttribute, OnnxNode, OnnxTensor, OnnxValue } from '../src/proto.ts'
import { file, integers, node, weight } from './support/graph.ts'
import { randomModel } from './support/random-model.ts'

/** What reading `bytes` comes to: a model, or the code of a MobileOneError. Anything else fails the test. */
function outcome(bytes: Uint8Array, context: string): string {
  try {
    fromOnnx(bytes, { shapes: {} })
    return 'model'
  } catch (error) {
    if (isMobileOneError(error)) return error.code
    throw new Error(`${context}: ${String(error)}`, { cause: error })
  }
}

const tiny = configFromWidths({
  name: 'tiny',
  widths: [0.05, 0.05, 0.05, 0.05],
  blocks: [1, 1, 1, 1],
  branches: 2,
  squeezeExcite: [0, 0, 0, 1],
  classes: 3,
  inputSize: [32, 32],
})
const samples = [
  toOnnx(initialize(mobileone(tiny, { form: 'train' }), { seed: 1 })),
  toOnnx(randomModel(2), { dynamicBatch: true }),
  toOnnx(randomModel(6)),
  ...['torch-unfused-batch', 'torch-se-batch', 'torch-mixed', 'encodings'].map(
    (name) => new Uint8Array(readFileSync(new URL(`./fixtures/${name}.onnx`, import.meta.url))),
  ),
]

const decoded = samples.map((sample) => decodeModel(sample))
const sampleOps = [...new Set(decoded.flatMap(({ graph }) => graph.nodes.map(({ op }) => op)))]

describe('damaged files', () => {
  const fuzz = <T>(
    originals: readonly T[],
    cases: number,
    change: (original: T, source: Random) => Uint8Array,
  ): Outcomes => {
    const source = random(20240521)
    const outcomes = { 'invalid-file': 0, unsupported: 0, 'invalid-argument': 0, model: 0 }
    for (let index = 0; index < cases; index++) {
      const bytes = change(originals[index % originals.length] as T, source)
      const start = performance.now()
      const result = outcome(bytes, `case ${index}`)
      const ms = performance.now() - start
      if (ms > 5000 || !Object.hasOwn(outcomes, result))
        expect.unreachable(`case ${index}: ${result} after ${ms} ms`)
      outcomes[result as keyof Outcomes]++
    }
    return outcomes
  }

  test('2,100 seeded edits of bytes give a model or a MobileOneError', () => {
    const outcomes = fuzz(samples, 2100, mutateBytes)
    expect(outcomes['invalid-file']).toBeGreaterThan(1050)
    expect(outcomes.model).toBeGreaterThan(17)
  }, 180_000)

  // Most edits of bytes end in the wire format; these are whole files whose graphs are wrong.
  test('2,100 seeded edits of graphs give a model or a MobileOneError', () => {
    const outcomes = fuzz(decoded, 2100, mutateGraph)
    expect(outcomes['invalid-file']).toBeGreaterThan(175)
    expect(outcomes.unsupported).toBeGreaterThan(175)
    expect(outcomes['invalid-argument']).toBeGreaterThan(7)
    expect(outcomes.model).toBeGreaterThan(175)
  }, 180_000)

  test('every truncation is refused', () => {
    const bytes = toOnnx(randomModel(6))
    let refused = 0
    for (let length = 0; length < bytes.length; length++) {
      const result = outcome(bytes.subarray(0, length), `${length} bytes`)
      expect(result, `${length} bytes`).not.toBe('model')
      if (result === 'invalid-file') refused++
    }
    // Cut between the graph and the opset, the file is whole protobuf without an opset.
    expect(refused).toBeGreaterThan(bytes.length - 8)
  })

  test('2,000 files of random bytes are refused', () => {
    const source = random(7)
    for (let index = 0; index < 2000; index++) {
      const bytes = Uint8Array.from({ length: source.integer(0, 200) }, () => source.integer(0, 255))
      expect(outcome(bytes, `case ${index}`)).toBe('invalid-file')
    }
  })
})

interface Outcomes {
  'invalid-file': number
  unsupported: number
  'invalid-argument': number
  model: number
}

/** A few random edits of bytes, lengths and ranges. */
function mutateBytes(original: Uint8Array, source: Random): Uint8Array {
  let bytes = Array.from(original)
  const at = (): number => source.integer(0, bytes.length - 1)
  for (let edits = source.integer(1, 4); edits > 0 && bytes.length > 0; edits--) {
    const kind = source.integer(0, 6)
    if (kind === 0) bytes[at()] = source.integer(0, 255)
    else if (kind === 1) bytes[at()]! ^= 1 << source.integer(0, 7)
    else if (kind === 2) bytes = bytes.slice(0, at())
    else if (kind === 3) bytes.splice(at(), source.integer(1, 40))
    else if (kind === 4) bytes.splice(at(), 0, ...bytes.slice(at()).slice(0, 60))
    else if (kind === 5)
      bytes.splice(at(), 1, 255, 255, 255, 255, 255, 255, 255, 255, 255, source.integer(0, 255))
    else bytes[at()] = [0, 127, 128, 255][source.integer(0, 3)] as number
  }
  return Uint8Array.from(bytes)
}

const numbers = [-(2 ** 63), -2, -1, 0, 1, 2, 3, 7, 64, 2 ** 31, 2 ** 40, 2 ** 53, 2 ** 62]

/** One or two edits of nodes, edges, attributes, dims, element types or input shapes, written as a whole file again. */
function mutateGraph(model: ReturnType<typeof decodeModel>, source: Random): Uint8Array {
  const pick = <T>(items: readonly T[]): T => items[source.integer(0, items.length - 1)] as T
  const replaced = <T>(items: readonly T[], change: (item: T) => T): T[] => {
    const at = source.integer(0, items.length - 1)
    return items.map((item, index) => (index === at ? change(item) : item))
  }
  let { graph } = model

  const changeAttribute = (attribute: OnnxAttribute): OnnxAttribute => {
    if (attribute.type === 'int') return { type: 'int', value: pick(numbers) }
    if (attribute.type === 'float')
      return { type: 'float', value: pick([0, -1, 1e-45, Number.NaN, Number.POSITIVE_INFINITY]) }
    if (attribute.type === 'ints' && attribute.value.length > 0) {
      return source.next() < 0.3
        ? { type: 'ints', value: attribute.value.slice(1) }
        : { type: 'ints', value: replaced(attribute.value, () => pick(numbers)) }
    }
    return pick<OnnxAttribute>([
      { type: 'ints', value: [] },
      { type: 'string', value: 'SAME_UPPER' },
      { type: 'other' },
    ])
  }
  const changeNode = (node: OnnxNode): OnnxNode => {
    const names = [...graph.initializers, ...graph.inputs].map(({ name }) => name)
    const values = [...names, ...graph.nodes.flatMap(({ outputs }) => outputs), '', 'nowhere']
    const kind = source.integer(0, 4)
    if (kind === 0) return { ...node, op: pick(sampleOps) }
    if (kind === 1) return { ...node, inputs: node.inputs.slice(0, -1) }
    if (kind === 2) return { ...node, inputs: [...node.inputs, pick(values)] }
    if (kind === 3 && node.attributes.size > 0) {
      const key = pick([...node.attributes.keys()])
      const changed = changeAttribute(node.attributes.get(key) as OnnxAttribute)
      return { ...node, attributes: new Map([...node.attributes, [key, changed]]) }
    }
    return node.inputs.length === 0 ? node : { ...node, inputs: replaced(node.inputs, () => pick(values)) }
  }
  const changeTensor = (tensor: OnnxTensor): OnnxTensor => {
    const kind = source.integer(0, 3)
    if (kind === 0) return { ...tensor, type: source.integer(0, 22) }
    if (kind === 1) return { ...tensor, dims: tensor.dims.toReversed() }
    if (kind === 2) return { ...tensor, dims: [1, ...tensor.dims] }
    return {
      ...tensor,
      dims: tensor.dims.length === 0 ? [pick(numbers)] : replaced(tensor.dims, () => pick(numbers)),
    }
  }
  const changeInput = (input: OnnxValue): OnnxValue => {
    const { shape = [], ...rest } = input
    if (source.next() < 0.2) return rest
    return {
      ...rest,
      shape: shape.length === 0 ? [] : replaced(shape, () => pick([...numbers, 'open', undefined])),
    }
  }

  for (let edits = source.integer(1, 2); edits > 0; edits--) {
    const kind = source.integer(0, 9)
    if (kind === 0) graph = { ...graph, inputs: replaced(graph.inputs, changeInput) }
    else if (kind <= 2 && graph.initializers.length > 0) {
      graph = { ...graph, initializers: replaced(graph.initializers, changeTensor) }
    } else graph = { ...graph, nodes: replaced(graph.nodes, changeNode) }
  }
  return encodeModel({ ...model, graph }).finish()
}

describe('hostile files', () => {
  test.each([
    ['nothing', [], /it has no graph/],
    [
      'a varint of 11 bytes',
      [8, ...Array(10).fill(255), 1],
      /a varint of more than 64 bits at byte 11, in the model/,
    ],
    ['a varint of 65 bits', [8, ...Array(9).fill(255), 2], /a varint of more than 64 bits/],
    ['a varint cut short', [8, 255], /the end of the data at byte 2/],
    ['a length past the end', [58, 5, 1], /a length of 5 where 1 bytes are left at byte 2/],
    [
      'a length of 2^63',
      [58, ...Array(9).fill(128), 1],
      /a length of 9223372036854775808 where 0 bytes are left/,
    ],
    ['field number 0', [2, 0], /field number 0/],
    ['a group', [11, 12], /wire type 3 in field 1, where 0 belongs/],
    ['an unknown group', [123, 124], /wire type 3 in field 15/],
    ['wire type 7', [127, 0], /wire type 7 in field 15/],
    ['a graph that is a number', [56, 1], /wire type 0 in field 7, where 2 belongs/],
    ['a name that is not UTF-8', [18, 1, 255], /text that is not UTF-8/],
    ['a tag of 36 bits', [...Array(4).fill(255), 127, 0], /which does not fit 32 bits/],
    ['HTML', [...new TextEncoder().encode('<!doctype html><html>')], /not a readable ONNX file/],
  ])('%s', (_, bytes, wanted) => {
    const run = (): unknown => fromOnnx(Uint8Array.from(bytes))
    expect(run).toThrow(wanted)
    expect(outcome(Uint8Array.from(bytes), '')).toBe('invalid-file')
  })

  test('subgraphs nested 100,000 deep cost no stack', () => {
    // Each level: a node (field 1 of a graph) with an attribute (5) that is a graph (6); outermost the model's graph (7).
    const prefixes: number[][] = []
    let length = 0
    const wrap = (field: number): void => {
      const prefix = [field * 8 + 2]
      for (let rest = length; ; rest = Math.floor(rest / 128)) {
        prefix.push(rest < 128 ? rest : (rest % 128) + 128)
        if (rest < 128) break
      }
      prefixes.push(prefix)
      length += prefix.length
    }
    for (let level = 0; level < 100_000; level++) for (const field of [6, 5, 1]) wrap(field)
    wrap(7)
    const bytes = Uint8Array.from(prefixes.reverse().flat())
    expect(bytes.length).toBeGreaterThan(900_000)
    expect(() => fromOnnx(bytes)).toThrow(/opset none/)
  })

  test('a cycle', () => {
    const run = (): unknown =>
      fromOnnx(
        file({ nodes: [node('Add', ['x', 'b'], 'a'), node('Relu', ['a'], 'b'), node('Relu', ['b'], 'y')] }),
      )
    expect(run).toThrow(
      /node 0 "Add a" \(Add\) reads "b", which node 1 makes later; the nodes form a cycle or are out of order/,
    )
  })

  test('a node that reads itself', () => {
    expect(() => fromOnnx(file({ nodes: [node('Relu', ['y'], 'y')] }))).toThrow(
      /reads "y", which node 0 makes later/,
    )
  })

  test.each([
    [
      'a value made twice',
      [node('Relu', ['x'], 'y'), node('Relu', ['x'], 'y')],
      [],
      /makes "y", which exists already/,
    ],
    [
      'an input made again',
      [node('Relu', ['x'], 'x'), node('Relu', ['x'], 'y')],
      [],
      /makes "x", which exists already/,
    ],
    [
      'two weights of one name',
      [node('Relu', ['x'], 'y')],
      [weight('w', [1]), weight('w', [1])],
      /two initialisers have one name/,
    ],
    ['a missing value', [node('Relu', ['z'], 'y')], [], /reads "z", which nothing makes/],
    ['a missing output', [node('Relu', ['x'], 'z')], [], /nothing makes the output "y"/],
    ['a node without inputs', [node('Relu', [], 'y')], [], /input 0 is missing/],
    ['a node without output', [node('Relu', ['x'], [])], [], /has no output/],
    [
      'fewer elements than dims',
      [node('Conv', ['x', 'w'], 'y')],
      [{ ...weight('w', [1, 3, 1, 1]), dims: [2, 3, 1, 1] }],
      /"w" has dims \[2, 3, 1, 1\] but 3 elements/,
    ],
    [
      'dims of a terabyte',
      [node('Conv', ['x', 'w'], 'y')],
      [{ ...weight('w', [1]), dims: [2 ** 40, 3, 1, 1] }],
      /but 1 elements/,
    ],
    [
      'negative dims',
      [node('Conv', ['x', 'w'], 'y')],
      [{ ...weight('w', [1]), dims: [-1, -1, 1, 1] }],
      /has dims \[-1, -1, 1, 1\]/,
    ],
    [
      'half an element',
      [node('Conv', ['x', 'w'], 'y')],
      [{ ...weight('w', [1, 3, 1, 1]), raw: new Uint8Array(11) }],
      /holds 11 bytes of 4-byte elements/,
    ],
    [
      'channels that do not fit',
      [node('Conv', ['x', 'w'], 'y')],
      [weight('w', [2, 4, 1, 1])],
      /does not fit together: .*has shape 2x4x1x1, expected \?x3x\?x\?/,
    ],
    [
      'groups of 0',
      [node('Conv', ['x', 'w'], 'y', { group: 0 })],
      [weight('w', [2, 3, 1, 1])],
      /groups must be whole numbers of at least 1/,
    ],
    [
      'strides of 2^53',
      [node('Conv', ['x', 'w'], 'y', { strides: [0, 2 ** 53] })],
      [weight('w', [2, 3, 1, 1])],
      /stride must be whole numbers/,
    ],
    [
      'an attribute of another type',
      [node('Conv', ['x', 'w'], 'y', { strides: 'two' })],
      [weight('w', [2, 3, 1, 1])],
      /"strides" is of type string, expected ints/,
    ],
    [
      'a kernel that contradicts its weight',
      [node('Conv', ['x', 'w'], 'y', { kernel_shape: [3, 3] })],
      [weight('w', [2, 3, 1, 1])],
      /kernel_shape is \[3, 3\]/,
    ],
    [
      'one stride',
      [node('Conv', ['x', 'w'], 'y', { strides: [1] })],
      [weight('w', [2, 3, 1, 1])],
      /strides has 1 numbers, expected 2/,
    ],
  ] as const)('%s', (_, nodes, weights, wanted) => {
    const bytes = file({ nodes, weights })
    expect(() => fromOnnx(bytes)).toThrow(wanted)
    expect(outcome(bytes, '')).toBe('invalid-file')
  })

  test('shapes that double a thousand times', () => {
    const nodes = [node('Concat', ['s', 's'], 'c0', { axis: 0 })]
    for (let index = 1; index < 1000; index++)
      nodes.push(node('Concat', [`c${index - 1}`, `c${index - 1}`], `c${index}`, { axis: 0 }))
    nodes.push(node('Reshape', ['x', 'c999'], 'y'))
    expect(() => fromOnnx(file({ nodes, weights: [integers('s', [1])] }))).toThrow(/a shape of 128 numbers/)
  })

  test('one weight scaled in ten thousand ways', () => {
    const nodes = Array.from({ length: 10000 }, (_, index) =>
      node('Gemm', [index === 0 ? 'x' : `h${index - 1}`, 'w'], index === 9999 ? 'y' : `h${index}`, {
        alpha: { float: 1 + index / 10000 },
      }),
    )
    expect(() => fromOnnx(file({ shape: [1, 200], nodes, weights: [weight('w', [200, 200])] }))).toThrow(
      /makes far more weights than its file holds/,
    )
  })

  test('twenty thousand nodes of one name, in reasonable time', () => {
    const nodes = Array.from({ length: 20_000 }, (_, index) => ({
      ...node('Relu', [index === 0 ? 'x' : `h${index - 1}`], index === 19_999 ? 'y' : `h${index}`),
      name: 'same',
    }))
    const model = fromOnnx(file({ nodes }))
    expect(new Set(model.nodes.map(({ name }) => name)).size).toBe(20_000)
  })

  test('names that objects have already', () => {
    const nodes = [
      node('Gemm', ['x', '__proto__'], 'constructor', { transB: 1 }),
      { ...node('Relu', ['constructor'], 'toString'), name: 'hasOwnProperty' },
      node('Relu', ['toString'], 'y'),
    ]
    const model = fromOnnx(file({ shape: [1, 2], nodes, weights: [weight('__proto__', [2, 2])] }))
    expect(Object.keys(model.weights)).toEqual(['__proto__'])
    expect(model.nodes[1]?.name).toBe('hasOwnProperty')
    expect(fromOnnx(toOnnx(model)).nodes).toEqual(model.nodes)
  })
})
