import { initialize, type MobileOneConfig, type Model, mobileone, random } from '@mobileone/core'
import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Batch } from '../src/data/batch.ts'
import { flatten } from '../src/network/layout.ts'
import { createNetwork } from '../src/network/network.ts'

beforeAll(async () => {
  await tf.setBackend('cpu')
  await tf.ready()
})

function config(branches: number, squeezeExcite = 0): MobileOneConfig {
  return {
    name: `tiny-k${branches}`,
    input: { channels: 1, size: [8, 6] },
    stem: { channels: 6, stride: 1, branches },
    stages: [
      { blocks: 2, channels: 6, stride: 2, branches, squeezeExcite },
      { blocks: 1, channels: 10, stride: 1, branches, squeezeExcite: 0 },
    ],
    classes: 3,
  }
}

function trainModel(branches: number, squeezeExcite = 0): Model {
  return initialize(mobileone(config(branches, squeezeExcite), { form: 'train' }), {
    seed: 7,
    statistics: 'random',
  })
}

function batch(count: number, [height, width]: readonly [number, number], channels = 1): Batch {
  const source = random(3)
  const images = Float32Array.from({ length: count * height * width * channels }, () => source.normal())
  return {
    images,
    shape: [count, height, width, channels],
    labels: Int32Array.from({ length: count }, (_, index) => index % 3),
  }
}

describe('all branches at once is the branches one by one', () => {
  for (const [branches, squeezeExcite] of [
    [1, 0],
    [2, 0],
    [4, 1],
  ] as const) {
    test(`k ${branches}, squeeze-and-excite ${squeezeExcite}`, async () => {
      const model = trainModel(branches, squeezeExcite)
      const [fast, plain] = [createNetwork(tf, model), createNetwork(tf, model, { branchwise: true })]
      const parameters = flatten(fast.layouts.parameters, model)
      const before = tf.memory().numTensors
      const a = await fast.gradients(parameters, batch(5, [8, 6]), 0.1)
      const b = await plain.gradients(parameters, batch(5, [8, 6]), 0.1)
      expect(tf.memory().numTensors).toBe(before)
      expect(a.loss).toBeCloseTo(b.loss, 5)
      expect(a.correct).toBe(b.correct)
      expect(largestDifference(a.statistics, b.statistics)).toBeLessThan(1e-4)
      expect(largestDifference(a.gradients, b.gradients)).toBeLessThan(2e-4)
      expect(Math.max(...a.gradients.map(Math.abs))).toBeGreaterThan(0.01)
    })
  }
})

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length)
  return a.reduce((most, value, index) => Math.max(most, Math.abs(value - (b[index] as number))), 0)
}
