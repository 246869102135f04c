import { type Model, withOutputs } from '@mobileone/core'
import * as tf from '@tensorflow/tfjs'
import '@tensorflow/tfjs-backend-wasm'
import { registerWasmGradients } from '@mobileone/tfjs-wasm-gradients'
import { beforeAll, describe, expect, test } from 'vitest'
import { createNetwork, type Gradients } from '../src/gradients/loss-gradients.ts'
import { flatten } from '../src/gradients/parameter-layout.ts'
import { trainingLoss } from './float64-loss.ts'
import { everyOp, largestDifference, randomBatch, tinyModel } from './models.ts'

const smoothing = 0.1
const backends = ['cpu', 'wasm'] as const
const models: Readonly<Record<string, () => Model>> = {
  'k 1': () => tinyModel(1),
  'k 2, three channels': () => tinyModel(2, 0, 3),
  'k 4, squeeze-and-excite': () => tinyModel(4, 1),
  'every op': everyOp,
}

beforeAll(async () => {
  await tf.setBackend('wasm')
  await registerWasmGradients(tf)
})

async function gradients(backend: string, model: Model, branchwise: boolean): Promise<Gradients> {
  await tf.setBackend(backend)
  const network = createNetwork(tf, model, { branchwise })
  const parameters = flatten(network.layouts.parameters, model)
  const before = tf.memory().numTensors
  const result = await network.gradients(parameters, randomBatch(model, 5), smoothing)
  expect(tf.memory().numTensors).toBe(before)
  return { ...result, gradients: result.gradients.slice(), statistics: result.statistics.slice() }
}

describe.each(Object.entries(models))('%s', (_, make) => {
  const model = make()
  const batch = randomBatch(model, 5)

  test('gradients are the slopes of the float64 loss', async () => {
    const { gradients: found, loss } = await gradients('cpu', model, false)
    const weights: Record<string, Float64Array> = Object.fromEntries(
      Object.entries(model.weights).map(([name, { data }]) => [name, Float64Array.from(data)]),
    )
    expect(loss).toBeCloseTo(trainingLoss(model, weights, batch, smoothing), 5)
    const step = 1e-6
    let largest = 0
    for (const { name, offset, size } of createNetwork(tf, model).layouts.parameters.slots) {
      const values = weights[name] as Float64Array
      for (let index = 0; index < size; index += Math.max(1, Math.floor(size / 4))) {
        const kept = values[index] as number
        const at = (value: number): number => {
          values[index] = value
          return trainingLoss(model, weights, batch, smoothing)
        }
        const slope = (at(kept + step) - at(kept - step)) / (2 * step)
        values[index] = kept
        largest = Math.max(largest, Math.abs(slope))
        expect(Math.abs((found[offset + index] as number) - slope), `${name}[${index}]`).toBeLessThan(
          1e-4 * Math.max(1, Math.abs(slope)),
        )
      }
    }
    expect(largest).toBeGreaterThan(0.01)
  })

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

test('a dilated convolution is refused by name', () => {
  const model = everyOp()
  const dilated = {
    ...model,
    nodes: model.nodes.map((node) => (node.name === 'c' ? { ...node, dilation: [1, 2] as const } : node)),
  }
  expect(() => createNetwork(tf, withOutputs(dilated, { logits: 'c' }))).toThrow(/"c".*dilation/)
})
