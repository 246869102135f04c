import { batchNormNode, batchNormWeights, convNode, makeModel, normalInputs } from '@mobileone/conformance'
import {
  type Model,
  type Node,
  random,
  reference,
  type Tensors,
  tensor,
  type Unary,
  unaryOps,
  withBatch,
} from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { wasm } from '../src/index.ts'
import { distance } from './distance.ts'

async function both(model: Model, inputs: Tensors): Promise<Record<string, number>> {
  const [ours, oracle] = [await wasm().compile(model), await reference().compile(model)]
  const [a, b] = [await ours.run(inputs), await oracle.run(inputs)]
  await ours.dispose()
  return Object.fromEntries(
    Object.keys(model.outputs).map((name) => [name, distance(a[name]!.data, b[name]!.data)]),
  )
}

async function close(model: Model, seed = 1, inputs = normalInputs(model, random(seed))): Promise<void> {
  for (const [name, worst] of Object.entries(await both(model, inputs))) {
    expect(worst, name).toBeLessThan(1e-5)
  }
}

describe.each([
  [1, 5, 7, 3],
  [2, 8, 4, 4],
  [3, 1, 1, 1],
])('on %i x %i x %i x %i', (...shape) => {
  const [n, c] = shape
  const unary = (op: Unary['op'], input: string): Node => ({
    op,
    name: op,
    inputs: [input],
  })

  test.each(unaryOps)('%s, wide range of values', async (op) => {
    const model = makeModel({ inputs: { x: shape }, nodes: [unary(op, 'x')] }, random(3))
    const inputs = normalInputs(model, random(4))
    for (let i = 0; i < inputs.x!.data.length; i++) inputs.x!.data[i]! *= 10 ** ((i % 5) - 2)
    await close(model, 0, inputs)
  })

  test('add and mul of two inputs, then relu', async () => {
    for (const op of ['add', 'mul'] as const) {
      const nodes: Node[] = [{ op, name: 'y', inputs: ['a', 'b'] }, unary('relu', 'y')]
      await close(makeModel({ inputs: { a: shape, b: shape }, nodes }, random(3)))
    }
  })

  test('add and mul of a value and itself', async () => {
    for (const op of ['add', 'mul'] as const) {
      await close(
        makeModel(
          { inputs: { a: shape }, nodes: [unary('relu', 'a'), { op, name: 'y', inputs: ['relu', 'relu'] }] },
          random(3),
        ),
      )
    }
  })

  test('mul by one gate a channel', async () => {
    const nodes: Node[] = [{ op: 'mul', name: 'y', inputs: ['a', 'gate'] }]
    await close(makeModel({ inputs: { a: shape, gate: [n, c, 1, 1] }, nodes }, random(3)))
  })

  test('batchNorm, alone and with relu', async () => {
    const weights = batchNormWeights('bn', c)
    await close(makeModel({ inputs: { x: shape }, nodes: [batchNormNode('bn', 'x')], weights }, random(3)))
    await close(
      makeModel(
        { inputs: { x: shape }, nodes: [batchNormNode('bn', 'x'), unary('relu', 'bn')], weights },
        random(3),
      ),
    )
  })

  test('globalAvgPool, flatten, linear, softmax', async () => {
    const nodes: Node[] = [
      { op: 'globalAvgPool', name: 'pool', inputs: ['x'] },
      { op: 'flatten', name: 'flat', inputs: ['pool'] },
      { op: 'linear', name: 'fc', inputs: ['flat'], weight: 'fc.weight', bias: 'fc.bias' },
      { op: 'softmax', name: 'p', inputs: ['fc'] },
    ]
    const outputs = { pool: 'pool', flat: 'flat', fc: 'fc', p: 'p' }
    await close(
      makeModel(
        { inputs: { x: shape }, nodes, weights: { 'fc.weight': [13, c], 'fc.bias': [13] }, outputs },
        random(3),
      ),
    )
  })

  test('flatten of a feature map, read by linear without bias', async () => {
    const size = shape.slice(1).reduce((a, b) => a * b, 1)
    const nodes: Node[] = [
      { op: 'flatten', name: 'flat', inputs: ['x'] },
      { op: 'linear', name: 'fc', inputs: ['flat'], weight: 'fc.weight' },
    ]
    await close(
      makeModel(
        {
          inputs: { x: shape },
          nodes,
          weights: { 'fc.weight': [9, size] },
          outputs: { fc: 'fc', flat: 'flat' },
        },
        random(3),
      ),
    )
  })

  test('squeeze-and-excite', async () => {
    const nodes: Node[] = [
      convNode('a', 'x'),
      { op: 'globalAvgPool', name: 'pool', inputs: ['a'] },
      convNode('reduce', 'pool'),
      { op: 'relu', name: 'r', inputs: ['reduce'] },
      convNode('expand', 'r'),
      { op: 'sigmoid', name: 'gate', inputs: ['expand'] },
      { op: 'mul', name: 'y', inputs: ['a', 'gate'] },
      { op: 'relu', name: 'z', inputs: ['y'] },
    ]
    const weights = {
      'a.weight': [12, c, 1, 1],
      'a.bias': [12],
      'reduce.weight': [3, 12, 1, 1],
      'reduce.bias': [3],
      'expand.weight': [12, 3, 1, 1],
      'expand.bias': [12],
    }
    await close(makeModel({ inputs: { x: shape }, nodes, weights }, random(3)))
    await close(
      makeModel(
        { inputs: { x: shape }, nodes, weights, outputs: { z: 'z', a: 'a', gate: 'gate', pool: 'pool' } },
        random(3),
      ),
    )
  })
})

test('values of rank 1, 3 and 5 pass through elementwise ops', async () => {
  for (const shape of [[7], [2, 3, 5], [2, 3, 2, 2, 3]]) {
    const nodes: Node[] = [
      { op: 'relu', name: 'r', inputs: ['x'] },
      { op: 'add', name: 'y', inputs: ['r', 'x'] },
    ]
    await close(makeModel({ inputs: { x: shape }, nodes, outputs: { y: 'y', r: 'r' } }, random(3)))
  }
})

test('one value under two names, an input as an output, and a value read after relu was taken from it', async () => {
  const nodes: Node[] = [
    convNode('a', 'x'),
    { op: 'relu', name: 'r', inputs: ['a'] },
    { op: 'add', name: 's', inputs: ['a', 'r'] },
  ]
  const outputs = { one: 's', two: 's', input: 'x', before: 'a', r: 'r' }
  await close(
    makeModel(
      { inputs: { x: [2, 3, 4, 5] }, nodes, weights: { 'a.weight': [6, 3, 1, 1], 'a.bias': [6] }, outputs },
      random(3),
    ),
  )
})

test('an input read as NCHW by the stem and as NHWC by others', async () => {
  const nodes: Node[] = [
    convNode('stem', 'x', { padding: [1, 1], stride: [2, 2] }),
    convNode('other', 'x', { stride: [2, 2] }),
    { op: 'relu', name: 'r', inputs: ['x'] },
    convNode('again', 'x', { padding: [1, 1] }),
  ]
  const weights = {
    'stem.weight': [8, 3, 3, 3],
    'stem.bias': [8],
    'other.weight': [8, 3, 1, 1],
    'other.bias': [8],
    'again.weight': [8, 3, 3, 3],
    'again.bias': [8],
  }
  const outputs = { stem: 'stem', other: 'other', r: 'r', again: 'again', x: 'x' }
  await close(makeModel({ inputs: { x: [2, 3, 9, 12] }, nodes, weights, outputs }, random(3)))
})

describe('NaN and infinity come out where the reference has them', () => {
  const bad = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  test.each(bad)('%d', async (value) => {
    const nodes: Node[] = [
      convNode('stem', 'x', { padding: [1, 1], stride: [2, 2] }),
      { op: 'relu', name: 'stem.relu', inputs: ['stem'] },
      convNode('dw', 'stem.relu', { padding: [1, 1], groups: 8 }),
      { op: 'relu', name: 'dw.relu', inputs: ['dw'] },
      convNode('pw', 'dw.relu'),
      { op: 'silu', name: 'silu', inputs: ['pw'] },
      { op: 'gelu', name: 'gelu', inputs: ['pw'] },
      { op: 'sigmoid', name: 'sigmoid', inputs: ['pw'] },
      convNode('pw2', 'pw'),
      { op: 'globalAvgPool', name: 'pool', inputs: ['pw2'] },
      { op: 'flatten', name: 'flat', inputs: ['pool'] },
      { op: 'softmax', name: 'soft', inputs: ['flat'] },
    ]
    const weights = {
      'stem.weight': [8, 3, 3, 3],
      'stem.bias': [8],
      'dw.weight': [8, 1, 3, 3],
      'dw.bias': [8],
      'pw.weight': [5, 8, 1, 1],
      'pw.bias': [5],
      'pw2.weight': [7, 5, 1, 1],
      'pw2.bias': [7],
    }
    const outputs = Object.fromEntries(nodes.map(({ name }) => [name, name]))
    const model = makeModel({ inputs: { x: [1, 3, 16, 16] }, nodes, weights, outputs }, random(3))
    for (const place of [0, 15, 140, 255, 700]) {
      const inputs = normalInputs(model, random(5))
      inputs.x!.data[place] = value
      await close(model, 0, inputs)
    }
  })

  test('functions of one value, of special values', async () => {
    for (const op of unaryOps) {
      const model = makeModel({ inputs: { x: [1, 8] }, nodes: [{ op, name: 'y', inputs: ['x'] }] }, random(3))
      const data = new Float32Array([...bad, -0, 1e30, -1e30, 88.5, -88.5])
      await close(model, 0, { x: tensor([1, 8], data) })
    }
  })
})

test('a batch gives the results of its items', async () => {
  const nodes: Node[] = [
    convNode('stem', 'x', { padding: [1, 1], stride: [2, 2] }),
    convNode('dw', 'stem', { padding: [1, 1], groups: 16, stride: [2, 2] }),
    convNode('pw', 'dw'),
    { op: 'globalAvgPool', name: 'pool', inputs: ['pw'] },
  ]
  const weights = {
    'stem.weight': [16, 3, 3, 3],
    'stem.bias': [16],
    'dw.weight': [16, 1, 3, 3],
    'dw.bias': [16],
    'pw.weight': [20, 16, 1, 1],
    'pw.bias': [20],
  }
  const model = makeModel({ inputs: { x: [1, 3, 15, 18] }, nodes, weights }, random(3))
  const batch = withBatch(model, 4)
  const inputs = normalInputs(batch, random(6))
  const one = await wasm().compile(model)
  const all = await (await wasm().compile(batch)).run(inputs)
  for (let i = 0; i < 4; i++) {
    const item = inputs.x!.data.slice(i * 810, (i + 1) * 810)
    const { y } = await one.run({ x: tensor([1, 3, 15, 18], item) })
    expect(distance(all.y!.data.slice(i * 20, (i + 1) * 20), y!.data)).toBeLessThan(1e-6)
  }
})

describe('joined and cut channels', () => {
  const conv = (name: string, input: string, bias = `${name}.bias`): Node => convNode(name, input, { bias })
  const concat = (name: string, ...inputs: [string, ...string[]]): Node => ({
    op: 'concat',
    name,
    inputs,
    axis: 1,
  })
  const relu = (name: string, input: string): Node => ({ op: 'relu', name, inputs: [input] })
  const slice = (name: string, input: string, start: number, end: number): Node => ({
    op: 'slice',
    name,
    inputs: [input],
    axis: 1,
    start,
    end,
  })
  const layer = (name: string, from: number, to: number): Record<string, readonly number[]> => ({
    [`${name}.weight`]: [to, from, 1, 1],
    [`${name}.bias`]: [to],
  })
  const build = (
    nodes: Node[],
    weights: Record<string, readonly number[]>,
    outputs: readonly string[],
  ): Model =>
    makeModel(
      {
        inputs: { x: [2, 24, 3, 5] },
        nodes,
        weights,
        outputs: Object.fromEntries(outputs.map((name) => [name, name])),
      },
      random(8),
    )
  const kernelsOf = async (model: Model): Promise<readonly string[]> => {
    await using executor = await wasm().compile(model)
    return executor.steps.map(({ kernel }) => kernel)
  }

  test('what begins at whole groups of 8 channels is written and read in place', async () => {
    const nodes = [
      conv('a', 'x'),
      conv('b', 'x'),
      concat('ab', 'a', 'b'),
      slice('c', 'ab', 16, 28),
      conv('d', 'c'),
    ]
    const model = build(nodes, { ...layer('a', 24, 16), ...layer('b', 24, 12), ...layer('d', 12, 8) }, [
      'd',
      'ab',
    ])
    expect(await kernelsOf(model)).not.toContain('channels')
    await close(model)
  })

  test('what begins elsewhere, is joined twice, or is read afterwards is right too', async () => {
    const nodes = [
      conv('a', 'x'),
      conv('b', 'x'),
      concat('inner', 'a', 'b'),
      concat('outer', 'b', 'inner', 'a', 'x', 'a'),
      relu('inPlace', 'outer'),
      relu('a.relu', 'a'),
      slice('first', 'inner', 0, 5),
      relu('first.relu', 'first'),
      slice('second', 'inner', 8, 20),
      relu('second.relu', 'second'),
      relu('inner.relu', 'inner'),
      slice('third', 'inPlace', 24, 61),
    ]
    const model = build(nodes, { ...layer('a', 24, 12), ...layer('b', 24, 16) }, [
      ...['inPlace', 'a.relu', 'first.relu', 'second.relu', 'inner.relu', 'third', 'second', 'b'],
    ])
    await close(model)
  })

  test('any way of joining and cutting', async () => {
    for (let seed = 0; seed < 60; seed++) {
      const rng = random(seed)
      const channels = new Map<string, number>([['x', 24]])
      const pick = (): string => [...channels.keys()][rng.integer(0, channels.size - 1)]!
      const nodes: Node[] = []
      const weights: Record<string, readonly number[]> = {}
      for (let index = 0; index < 14; index++) {
        const [name, input] = [`n${index}`, pick()]
        const from = channels.get(input)!
        const kind = rng.integer(0, 3)
        if (kind === 0) {
          const to = 4 * rng.integer(1, 5)
          nodes.push(conv(name, input))
          Object.assign(weights, layer(name, from, to))
          channels.set(name, to)
        } else if (kind === 1) {
          nodes.push(relu(name, input))
          channels.set(name, from)
        } else if (kind === 2 && from > 4) {
          const start = 4 * rng.integer(0, Math.ceil(from / 4) - 1)
          const end = rng.integer(start + 1, from)
          nodes.push(slice(name, input, start, end))
          channels.set(name, end - start)
        } else {
          const inputs = [input, pick(), pick()] as const
          nodes.push(concat(name, ...inputs))
          channels.set(
            name,
            inputs.reduce((sum, each) => sum + channels.get(each)!, 0),
          )
        }
      }
      const read = new Set(nodes.flatMap(({ inputs }) => inputs))
      const shown = nodes.map(({ name }) => name).filter((name) => !read.has(name) || rng.next() < 0.2)
      const model = build(nodes, weights, shown)
      for (const [name, worst] of Object.entries(await both(model, normalInputs(model, random(seed))))) {
        expect(worst, `seed ${seed}, ${name}`).toBeLessThan(1e-5)
      }
    }
  })
})
