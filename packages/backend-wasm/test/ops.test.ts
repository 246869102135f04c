import { type Model, type Node, random, reference, type Tensors, tensor, withBatch } from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { wasm } from '../src/index.ts'
import { conv, distance, makeModel, randomInputs } from './models.ts'

async function both(model: Model, inputs: Tensors): Promise<Record<string, number>> {
  const [ours, oracle] = [await wasm().compile(model), await reference().compile(model)]
  const [a, b] = [await ours.run(inputs), await oracle.run(inputs)]
  await ours.dispose()
  return Object.fromEntries(
    Object.keys(model.outputs).map((name) => [name, distance(a[name]!.data, b[name]!.data)]),
  )
}

async function close(model: Model, seed = 1, inputs = randomInputs(model, random(seed))): Promise<void> {
  for (const [name, worst] of Object.entries(await both(model, inputs))) {
    expect(worst, name).toBeLessThan(1e-5)
  }
}

const norm = (name: string, input: string): Node => ({
  op: 'batchNorm',
  name,
  inputs: [input],
  epsilon: 1e-5,
  weight: `${name}.w`,
  bias: `${name}.b`,
  runningMean: `${name}.mean`,
  runningVar: `${name}.var`,
})
const normWeights = (name: string, c: number): Record<string, readonly number[]> =>
  Object.fromEntries(['w', 'b', 'mean', 'var'].map((part) => [`${name}.${part}`, [c]]))

describe.each([
  [1, 5, 7, 3],
  [2, 8, 4, 4],
  [3, 1, 1, 1],
])('on %i x %i x %i x %i', (...shape) => {
  const [n, c] = shape
  const unary = (op: 'relu' | 'sigmoid' | 'silu' | 'gelu', input: string): Node => ({
    op,
    name: op,
    inputs: [input],
  })

  test.each(['relu', 'sigmoid', 'silu', 'gelu'] as const)('%s, wide range of values', async (op) => {
    const model = makeModel({ x: shape }, [unary(op, 'x')], {}, random(3))
    const inputs = randomInputs(model, random(4))
    for (let i = 0; i < inputs.x!.data.length; i++) inputs.x!.data[i]! *= 10 ** ((i % 5) - 2)
    await close(model, 0, inputs)
  })

  test('add and mul of two inputs, then relu', async () => {
    for (const op of ['add', 'mul'] as const) {
      const nodes: Node[] = [{ op, name: 'y', inputs: ['a', 'b'] }, unary('relu', 'y')]
      await close(makeModel({ a: shape, b: shape }, nodes, {}, random(3)))
    }
  })

  test('add and mul of a value and itself', async () => {
    for (const op of ['add', 'mul'] as const) {
      await close(
        makeModel(
          { a: shape },
          [unary('relu', 'a'), { op, name: 'y', inputs: ['relu', 'relu'] }],
          {},
          random(3),
        ),
      )
    }
  })

  test('mul by one gate a channel', async () => {
    const nodes: Node[] = [{ op: 'mul', name: 'y', inputs: ['a', 'gate'] }]
    await close(makeModel({ a: shape, gate: [n, c, 1, 1] }, nodes, {}, random(3)))
  })

  test('batchNorm, alone and with relu', async () => {
    const weights = normWeights('bn', c)
    await close(makeModel({ x: shape }, [norm('bn', 'x')], weights, random(3)))
    await close(makeModel({ x: shape }, [norm('bn', 'x'), unary('relu', 'bn')], weights, random(3)))
  })

  test('globalAvgPool, flatten, linear, softmax', async () => {
    const nodes: Node[] = [
      { op: 'globalAvgPool', name: 'pool', inputs: ['x'] },
      { op: 'flatten', name: 'flat', inputs: ['pool'] },
      { op: 'linear', name: 'fc', inputs: ['flat'], weight: 'fc.w', bias: 'fc.b' },
      { op: 'softmax', name: 'p', inputs: ['fc'] },
    ]
    const outputs = { pool: 'pool', flat: 'flat', fc: 'fc', p: 'p' }
    await close(makeModel({ x: shape }, nodes, { 'fc.w': [13, c], 'fc.b': [13] }, random(3), outputs))
  })

  test('flatten of a feature map, read by linear without bias', async () => {
    const size = shape.slice(1).reduce((a, b) => a * b, 1)
    const nodes: Node[] = [
      { op: 'flatten', name: 'flat', inputs: ['x'] },
      { op: 'linear', name: 'fc', inputs: ['flat'], weight: 'fc.w' },
    ]
    await close(makeModel({ x: shape }, nodes, { 'fc.w': [9, size] }, random(3), { fc: 'fc', flat: 'flat' }))
  })

  test('squeeze-and-excite', async () => {
    const nodes: Node[] = [
      conv('a', 'x'),
      { op: 'globalAvgPool', name: 'pool', inputs: ['a'] },
      conv('reduce', 'pool'),
      { op: 'relu', name: 'r', inputs: ['reduce'] },
      conv('expand', 'r'),
      { op: 'sigmoid', name: 'gate', inputs: ['expand'] },
      { op: 'mul', name: 'y', inputs: ['a', 'gate'] },
      { op: 'relu', name: 'z', inputs: ['y'] },
    ]
    const weights = {
      'a.w': [12, c, 1, 1],
      'a.b': [12],
      'reduce.w': [3, 12, 1, 1],
      'reduce.b': [3],
      'expand.w': [12, 3, 1, 1],
      'expand.b': [12],
    }
    await close(makeModel({ x: shape }, nodes, weights, random(3)))
    await close(
      makeModel({ x: shape }, nodes, weights, random(3), { z: 'z', a: 'a', gate: 'gate', pool: 'pool' }),
    )
  })
})

test('values of rank 1, 3 and 5 pass through elementwise ops', async () => {
  for (const shape of [[7], [2, 3, 5], [2, 3, 2, 2, 3]]) {
    const nodes: Node[] = [
      { op: 'relu', name: 'r', inputs: ['x'] },
      { op: 'add', name: 'y', inputs: ['r', 'x'] },
    ]
    await close(makeModel({ x: shape }, nodes, {}, random(3), { y: 'y', r: 'r' }))
  }
})

test('one value under two names, an input as an output, and a value read after relu was taken from it', async () => {
  const nodes: Node[] = [
    conv('a', 'x'),
    { op: 'relu', name: 'r', inputs: ['a'] },
    { op: 'add', name: 's', inputs: ['a', 'r'] },
  ]
  const outputs = { one: 's', two: 's', input: 'x', before: 'a', r: 'r' }
  await close(makeModel({ x: [2, 3, 4, 5] }, nodes, { 'a.w': [6, 3, 1, 1], 'a.b': [6] }, random(3), outputs))
})

test('an input read as NCHW by the stem and as NHWC by others', async () => {
  const nodes: Node[] = [
    conv('stem', 'x', { padding: [1, 1], stride: [2, 2] }),
    conv('other', 'x', { stride: [2, 2] }),
    { op: 'relu', name: 'r', inputs: ['x'] },
    conv('again', 'x', { padding: [1, 1] }),
  ]
  const weights = {
    'stem.w': [8, 3, 3, 3],
    'stem.b': [8],
    'other.w': [8, 3, 1, 1],
    'other.b': [8],
    'again.w': [8, 3, 3, 3],
    'again.b': [8],
  }
  const outputs = { stem: 'stem', other: 'other', r: 'r', again: 'again', x: 'x' }
  await close(makeModel({ x: [2, 3, 9, 12] }, nodes, weights, random(3), outputs))
})

describe('NaN and infinity come out where the reference has them', () => {
  const bad = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  test.each(bad)('%d', async (value) => {
    const nodes: Node[] = [
      conv('stem', 'x', { padding: [1, 1], stride: [2, 2] }),
      { op: 'relu', name: 'stem.relu', inputs: ['stem'] },
      conv('dw', 'stem.relu', { padding: [1, 1], groups: 8 }),
      { op: 'relu', name: 'dw.relu', inputs: ['dw'] },
      conv('pw', 'dw.relu'),
      { op: 'silu', name: 'silu', inputs: ['pw'] },
      { op: 'gelu', name: 'gelu', inputs: ['pw'] },
      { op: 'sigmoid', name: 'sigmoid', inputs: ['pw'] },
      conv('pw2', 'pw'),
      { op: 'globalAvgPool', name: 'pool', inputs: ['pw2'] },
      { op: 'flatten', name: 'flat', inputs: ['pool'] },
      { op: 'softmax', name: 'soft', inputs: ['flat'] },
    ]
    const weights = {
      'stem.w': [8, 3, 3, 3],
      'stem.b': [8],
      'dw.w': [8, 1, 3, 3],
      'dw.b': [8],
      'pw.w': [5, 8, 1, 1],
      'pw.b': [5],
      'pw2.w': [7, 5, 1, 1],
      'pw2.b': [7],
    }
    const outputs = Object.fromEntries(nodes.map(({ name }) => [name, name]))
    const model = makeModel({ x: [1, 3, 16, 16] }, nodes, weights, random(3), outputs)
    for (const place of [0, 15, 140, 255, 700]) {
      const inputs = randomInputs(model, random(5))
      inputs.x!.data[place] = value
      await close(model, 0, inputs)
    }
  })

  test('relu, sigmoid, silu and gelu of special values', async () => {
    for (const op of ['relu', 'sigmoid', 'silu', 'gelu'] as const) {
      const model = makeModel({ x: [1, 8] }, [{ op, name: 'y', inputs: ['x'] }], {}, random(3))
      const data = new Float32Array([...bad, -0, 1e30, -1e30, 88.5, -88.5])
      await close(model, 0, { x: tensor([1, 8], data) })
    }
  })
})

test('a batch gives the results of its items', async () => {
  const nodes: Node[] = [
    conv('stem', 'x', { padding: [1, 1], stride: [2, 2] }),
    conv('dw', 'stem', { padding: [1, 1], groups: 16, stride: [2, 2] }),
    conv('pw', 'dw'),
    { op: 'globalAvgPool', name: 'pool', inputs: ['pw'] },
  ]
  const weights = {
    'stem.w': [16, 3, 3, 3],
    'stem.b': [16],
    'dw.w': [16, 1, 3, 3],
    'dw.b': [16],
    'pw.w': [20, 16, 1, 1],
    'pw.b': [20],
  }
  const model = makeModel({ x: [1, 3, 15, 18] }, nodes, weights, random(3))
  const batch = withBatch(model, 4)
  const inputs = randomInputs(batch, random(6))
  const one = await wasm().compile(model)
  const all = await (await wasm().compile(batch)).run(inputs)
  for (let i = 0; i < 4; i++) {
    const item = inputs.x!.data.slice(i * 810, (i + 1) * 810)
    const { out } = await one.run({ x: tensor([1, 3, 15, 18], item) })
    expect(distance(all.out!.data.slice(i * 20, (i + 1) * 20), out!.data)).toBeLessThan(1e-6)
  }
})
