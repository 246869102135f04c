import { convNode, makeModel, normalInputs } from '@mobileone/conformance'
import {
  floatWeight,
  type Model,
  quantize,
  quantizeWeight,
  random,
  reference,
  type Tensor,
  type Tensors,
  tensor,
} from '@mobileone/core'
import { expect, test } from 'vitest'
import { fromCoreML, interpretPackage, toCoreML } from '../src/index.ts'
import { weightsPath } from '../src/package.ts'

const arrays = { input: 'array', output: 'values' } as const

/** Pointwise layers in int8: in steps and with a diagonal, in steps alone at a stride, with a diagonal alone; and a head. */
function int8Model(seed: number): Model {
  const source = random(seed)
  const c = 64 + source.integer(0, 9)
  const named = (name: string): { weight: string; bias: string } => ({
    weight: `${name}.weight`,
    bias: `${name}.bias`,
  })
  const model = makeModel(
    {
      name: 'int8',
      inputs: { image: [1, c, 6, 5] },
      nodes: [
        { op: 'relu', name: 'relu', inputs: ['image'] },
        convNode('square', 'relu', named('square')),
        { op: 'relu', name: 'clipped', inputs: ['square'] },
        convNode('wide', 'clipped', { ...named('wide'), stride: [2, 2] }),
        { op: 'relu', name: 'again', inputs: ['wide'] },
        convNode('stored', 'again', named('stored')),
        { op: 'globalAvgPool', name: 'pool', inputs: ['stored'] },
        { op: 'flatten', name: 'flat', inputs: ['pool'] },
        { op: 'linear', name: 'logits', inputs: ['flat'], ...named('logits') },
      ],
      weights: {
        'square.weight': [c, c, 1, 1],
        'square.bias': [c],
        'wide.weight': [c, c, 1, 1],
        'wide.bias': [c],
        'stored.weight': [c, c, 1, 1],
        'stored.bias': [c],
        'logits.weight': [9, c],
        'logits.bias': [9],
      },
      outputs: { logits: 'logits', clipped: 'clipped', again: 'again' },
    },
    source,
  )
  const steps = (): Float32Array => Float32Array.from({ length: c }, () => 0.01 + 0.02 * source.next())
  const diagonal = (): Float32Array => Float32Array.from({ length: c }, () => source.normal())
  const levels = (name: string): ReturnType<typeof quantizeWeight> => {
    const { zeroPoints: _, data, ...kept } = quantizeWeight(floatWeight(model, name))
    return { ...kept, data: data.map((level) => Math.max(level, -127)) }
  }
  const small = (name: string): ReturnType<typeof quantizeWeight> => {
    const weight = levels(name)
    return { ...weight, scales: weight.scales.map((scale) => scale * 0.0123), inputSteps: steps() }
  }
  return {
    ...model,
    weights: {
      ...model.weights,
      'square.weight': { ...small('square.weight'), diagonal: diagonal() },
      'wide.weight': small('wide.weight'),
      'stored.weight': { ...levels('stored.weight'), diagonal: diagonal() },
      'logits.weight': quantizeWeight(floatWeight(model, 'logits.weight')),
    },
  }
}

async function runStored(model: Model, inputs: Tensors): Promise<Tensors> {
  await using executor = await reference({ precision: 'float32' }).compile(model)
  return executor.run(inputs)
}

/** The largest difference over the largest of `wanted`. */
function difference(got: Float32Array | undefined, wanted: Float32Array): number {
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return (
    wanted.reduce((most, value, at) => Math.max(most, Math.abs(value - (got?.[at] ?? Number.NaN))), 0) /
    largest
  )
}

test.each([1, 2, 3, 4])(
  'the int8 form keeps its levels, and means what they stand for, seed %i',
  async (seed) => {
    const model = int8Model(seed)
    const inputs = normalInputs(model, random(seed))
    const made = toCoreML(model, arrays)
    const count = Object.values(model.weights).reduce((sum, { data }) => sum + data.length, 0)
    expect(made.files[weightsPath]?.length).toBeLessThan(1.5 * count)
    const wanted = await runStored(model, inputs)
    await using executor = interpretPackage(made)
    const got = await executor.run(inputs)
    const read = await runStored(fromCoreML(made), inputs)
    for (const [name, { data }] of Object.entries(wanted)) {
      expect(difference(got[name]?.data, data), name).toBeLessThan(4e-3)
      expect(difference(read[name]?.data, data), `${name}, read back`).toBeLessThan(4e-3)
    }
  },
)

test('the same model in float16 and for iOS 15 holds floats', () => {
  const model = int8Model(5)
  const size = (options: Parameters<typeof toCoreML>[1]): number =>
    toCoreML(model, { ...arrays, ...options }).files[weightsPath]?.length ?? 0
  expect(size({ precision: 'float16' })).toBeGreaterThan(1.6 * size({}))
  expect(size({ target: 'ios15' })).toBe(size({ precision: 'float16' }))
})

test.each([
  ['one channel', (row: number) => row === 0],
  ['every channel', () => true],
] as const)('%s without weights takes no precision from the others', async (_, isDead) => {
  const c = 16
  const base = makeModel(
    {
      name: 'dead channels',
      inputs: { image: [1, c, 6, 5] },
      nodes: [
        { op: 'relu', name: 'relu', inputs: ['image'] },
        convNode('conv', 'relu', { weight: 'w', bias: 'b' }),
      ],
      weights: { w: [c, c, 1, 1], b: [c] },
    },
    random(1),
  )
  const weights = floatWeight(base, 'w').data.map((value, index) =>
    isDead(Math.floor(index / c)) ? 0 : value,
  )
  const float = { ...base, weights: { ...base.weights, w: tensor([c, c, 1, 1], weights) } }
  const inputs = normalInputs(float, random(2))
  const { model } = await quantize(float, { samples: [inputs], floatShare: 0 })
  expect((model.weights.w as { inputSteps?: unknown }).inputSteps).toBeDefined()
  const made = toCoreML(model, arrays)
  await using executor = interpretPackage(made)
  const wanted = await runStored(model, inputs)
  for (const got of [await executor.run(inputs), await runStored(fromCoreML(made), inputs)]) {
    for (const [name, { data }] of Object.entries(wanted)) {
      expect(difference((got[name] as Tensor).data, data), name).toBeLessThan(2e-3)
    }
  }
})
