import { fileURLToPath } from 'node:url'
import * as tf from '@tensorflow/tfjs'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { createNetwork } from '../src/gradients/loss-gradients.ts'
import { flatten } from '../src/gradients/parameter-layout.ts'
import { type ParallelOptions, parallelEngine } from '../src/node/parallel-engine.ts'
import { fashionMnistRecipe } from '../src/recipe.ts'
import type { Engine } from '../src/trainer/engine.ts'
import { train } from '../src/trainer/train.ts'
import { largestDifference, randomBatch, tinyModel } from './models.ts'
import { stripes } from './stripes.ts'

const model = tinyModel(2)
const engines: Engine[] = []

async function open(options: Partial<ParallelOptions>): Promise<Engine> {
  const engine = await parallelEngine(model, {
    workers: 2,
    backend: 'cpu',
    project: fileURLToPath(new URL('..', import.meta.url)),
    worker: new URL('../dist/gradient-worker.mjs', import.meta.url),
    ...options,
  })
  engines.push(engine)
  return engine
}

beforeAll(async () => {
  await tf.setBackend('cpu')
})
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.dispose()))
})

test('one worker computes what this thread does', async () => {
  const network = createNetwork(tf, model)
  const parameters = flatten(network.layouts.parameters, model)
  const batch = randomBatch(model, 6)
  const here = await network.gradients(parameters, batch, 0.1)
  const there = await (await open({ workers: 1 })).gradients(parameters, batch, 0.1)
  expect([...there.gradients]).toEqual([...here.gradients])
  expect([...there.statistics]).toEqual([...here.statistics])
  expect([there.loss, there.correct]).toEqual([here.loss, here.correct])
})

test('several workers give the mean of their parts', async () => {
  const network = createNetwork(tf, model)
  const parameters = flatten(network.layouts.parameters, model)
  const batch = randomBatch(model, 7)
  const size = batch.images.length / 7
  const part = async (from: number, to: number): ReturnType<typeof network.gradients> => {
    const made = await network.gradients(
      parameters,
      {
        images: batch.images.slice(from * size, to * size),
        shape: [to - from, batch.shape[1], batch.shape[2], batch.shape[3]],
        labels: batch.labels.slice(from, to),
      },
      0.1,
    )
    return { ...made, gradients: made.gradients.slice() }
  }
  const [first, second] = [await part(0, 3), await part(3, 7)]
  const found = await (await open({})).gradients(parameters, batch, 0.1)
  const expected = first.gradients.map(
    (value, index) => (3 * value + 4 * (second.gradients[index] as number)) / 7,
  )
  expect(largestDifference(found.gradients, expected)).toBeLessThan(1e-6)
  expect(found.loss).toBeCloseTo((3 * first.loss + 4 * second.loss) / 7, 10)
  expect(found.correct).toBe(first.correct + second.correct)
})

test('training with two workers repeats itself bit for bit', async () => {
  const recipe = fashionMnistRecipe({
    epochs: 1,
    curriculum: [{ from: 0, size: [8, 6], strength: 1, batchSize: 12 }],
  })
  const run = async (): Promise<number[]> => {
    const result = await train(model, { lib: tf, recipe, data: stripes(60), engine: await open({}) })
    return [...(result.model.weights['head.weight']?.data ?? [])]
  }
  expect(await run()).toEqual(await run())
})

test('a worker that cannot start, two calls at once, and use after dispose are told', async () => {
  await expect(open({ worker: new URL('nothing.mjs', import.meta.url) })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('nothing.mjs'),
  })
  await expect(open({ workers: 0 })).rejects.toMatchObject({ code: 'invalid-argument' })
  const engine = await open({ workers: 1 })
  const parameters = flatten(createNetwork(tf, model).layouts.parameters, model)
  const batch = randomBatch(model, 4)
  const first = engine.gradients(parameters, batch, 0)
  await expect(engine.gradients(parameters, batch, 0)).rejects.toThrow(/one batch at a time/)
  await first
  await engine.dispose()
  await expect(engine.gradients(parameters, batch, 0)).rejects.toMatchObject({ code: 'disposed' })
})
