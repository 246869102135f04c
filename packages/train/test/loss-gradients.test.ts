import { batchNormNode, batchNormWeights, convNode, makeModel } from '@mobileone/conformance'
import { type Model, random, withOutputs } from '@mobileone/core'
import * as tf from '@tensorflow/tfjs'
import '@tensorflow/tfjs-backend-wasm'
import { registerWasmGradients } from '@mobileone/tfjs-wasm-gradients'
import { beforeAll, describe, expect, test } from 'vitest'
import { createNetwork } from '../src/gradients/loss-gradients.ts'
import { flatten, type Slot } from '../src/gradients/parameter-layout.ts'
import { expectSlopes, float64Weights, gradients, models, slopeAt, smoothing } from './loss-slopes.ts'
import { largestDifference, mostOps, randomBatch } from './models.ts'

const backends = ['cpu', 'wasm'] as const

beforeAll(async () => {
  await tf.setBackend('wasm')
  await registerWasmGradients(tf)
})

describe.each(Object.entries(models))('%s', (_, make) => {
  const model = make()

  test('gradients are the slopes of the float64 loss', () => expectSlopes(model, 1))

  test('all branches at once are the branches one by one, on cpu and wasm', async () => {
    const expected = await gradients('cpu', model, true)
    for (const backend of backends) {
      for (const branchwise of [false, true]) {
        const found = await gradients(backend, model, branchwise)
        expect(found.loss).toBeCloseTo(expected.loss, 5)
        expect(found.correct).toBe(expected.correct)
        expect(largestDifference(found.statistics, expected.statistics)).toBeLessThan(1e-4)
        expect(largestDifference(found.gradients, expected.gradients)).toBeLessThan(1e-4)
      }
    }
  })
})

/** One block that sees the image itself: branches of `shape` and of 1 x 1, and the image normalised. */
function oneBlock(depthwise: boolean): Model {
  const groups = depthwise ? 4 : 1
  const padding = depthwise ? ([1, 1] as const) : ([0, 0] as const)
  const per = depthwise ? 1 : 4
  const kernel = depthwise ? 3 : 1
  return makeModel(
    {
      name: 'one-block',
      inputs: { image: [1, 4, 12, 12] },
      nodes: [
        convNode('a', 'image', { bias: false, groups, padding }),
        batchNormNode('a.bn', 'a'),
        convNode('b', 'image', { bias: false, groups }),
        batchNormNode('b.bn', 'b'),
        batchNormNode('skip', 'image'),
        { op: 'add', name: 'ab', inputs: ['a.bn', 'b.bn'] },
        { op: 'add', name: 'sum', inputs: ['ab', 'skip'] },
        { op: 'relu', name: 'relu', inputs: ['sum'] },
        { op: 'globalAvgPool', name: 'pool', inputs: ['relu'] },
        { op: 'flatten', name: 'flat', inputs: ['pool'] },
        { op: 'linear', name: 'head', inputs: ['flat'], weight: 'head.weight' },
      ],
      outputs: { logits: 'head' },
      weights: {
        'a.weight': [4, per, kernel, kernel],
        ...batchNormWeights('a.bn', 4),
        'b.weight': [4, per, 1, 1],
        ...batchNormWeights('b.bn', 4),
        ...batchNormWeights('skip', 4),
        'head.weight': [3, 4],
      },
    },
    random(13),
  )
}

describe.each([
  ['depthwise', true],
  ['dense', false],
] as const)('images whose mean is thirty deviations, %s', (_, depthwise) => {
  const model = oneBlock(depthwise)
  const normal = randomBatch(model, 16)
  // Brighter by class, so that the loss depends on what is normalised.
  const batch = {
    ...normal,
    images: normal.images.map(
      (value, index) => 30 + value + 0.3 * (normal.labels[Math.floor(index / 576)] as number),
    ),
  }
  const weights = float64Weights(model)
  let slopes: { readonly name: string; readonly place: number; readonly slope: number }[][] | undefined
  const measure = (slots: readonly Slot[]): typeof slopes & {} =>
    slots.map(({ name, offset, size }) => {
      const places = Array.from({ length: Math.min(size, 4) }, (_, index) => (index * 7919) % size)
      return places.map((index) => ({
        name: `${name}[${index}]`,
        place: offset + index,
        slope: slopeAt(model, weights, batch, { name, index, step: 1e-5 }),
      }))
    })

  test.each(backends)('cost no digits of a gradient on %s', async (backend) => {
    await tf.setBackend(backend)
    const network = createNetwork(tf, model)
    const { slots } = network.layouts.parameters
    const { gradients: found } = await network.gradients(
      flatten(network.layouts.parameters, model),
      batch,
      smoothing,
    )
    slopes ??= measure(slots)
    for (const tensor of slopes) {
      const largest = Math.max(1e-4, ...tensor.map(({ slope }) => Math.abs(slope)))
      for (const { name, place, slope } of tensor)
        expect(Math.abs((found[place] as number) - slope) / largest, `${name} ${slope}`).toBeLessThan(2e-3)
    }
  })
})

test('a dilated convolution is refused by name', () => {
  const model = mostOps()
  const dilated = {
    ...model,
    nodes: model.nodes.map((node) => (node.name === 'c' ? { ...node, dilation: [1, 2] as const } : node)),
  }
  expect(() => createNetwork(tf, withOutputs(dilated, { logits: 'c' }))).toThrow(/"c".*dilation/)
})
