import { readCheckpoint } from '@mobileone/checkpoint'
import { MobileOneError, type Model, reference } from '@mobileone/core'
import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import type { BatchSource } from '../src/data/batch.ts'
import { createNetwork } from '../src/gradients/loss-gradients.ts'
import { fashionMnistRecipe, paperRecipe, type Recipe } from '../src/recipe.ts'
import { modelFromTrainingCheckpoint, readTrainingCheckpoint } from '../src/trainer/checkpoint.ts'
import { type Engine, localEngine } from '../src/trainer/engine.ts'
import { evaluate } from '../src/trainer/evaluate.ts'
import { timeLeft } from '../src/trainer/time-left.ts'
import { type TrainEvent, type TrainOptions, train } from '../src/trainer/train.ts'
import { tinyModel } from './models.ts'
import { stripes } from './stripes.ts'

beforeAll(async () => {
  await tf.setBackend('cpu')
})

const recipe: Recipe = fashionMnistRecipe({
  epochs: 3,
  seed: 5,
  learningRate: { peak: 0.1, warmupEpochs: 0.2 },
  ema: { decay: 0.9 },
  curriculum: [
    { from: 0, size: [8, 6], strength: 1, batchSize: 12 },
    { from: 2, size: [8, 6], strength: 1, batchSize: 20 },
  ],
})
const data = stripes(100)
const model = tinyModel(2)

function options(more: Partial<TrainOptions> = {}): TrainOptions {
  return { lib: tf, recipe, data, ...more }
}

function weightsOf(result: { readonly model: Model }): Record<string, number[]> {
  return Object.fromEntries(Object.entries(result.model.weights).map(([name, { data }]) => [name, [...data]]))
}

test('the loss falls, the folded average classifies, and the model carries its card', async () => {
  const events: TrainEvent[] = []
  const before = tf.memory().numTensors
  const result = await train(
    model,
    options({ validation: stripes(60), onEvent: (event) => events.push(event) }),
  )
  expect(tf.memory().numTensors).toBe(before)
  const losses = result.history.map(({ loss }) => loss)
  expect(losses).toHaveLength(3)
  expect(losses[2]).toBeLessThan((losses[0] as number) * 0.7)
  expect(result.history[2]?.top1).toBeGreaterThan(0.9)
  const steps = events.filter((event) => event.type === 'step')
  expect(steps).toHaveLength(8 + 8 + 5)
  expect(result.steps).toBe(21)
  expect(steps.at(-1)).toMatchObject({ step: 21, steps: 21, epoch: 3 })
  expect(steps.at(-1)?.learningRate).toBeLessThan(0.01)

  const { top1, images, perClass } = await evaluate(result.model, stripes(60), { backend: reference() })
  expect(images).toBe(60)
  expect(top1).toBe(result.history[2]?.top1)
  expect(perClass).toHaveLength(3)
  expect(result.model.card).toMatchObject({
    labels: ['top', 'bottom', 'left'],
    preprocess: { mean: [0.5], std: [0.25] },
    training: { recipe: { name: 'fashion-mnist', epochs: 3 }, epochs: 3 },
  })
})

describe('resume', () => {
  test('a run killed at any step ends as an unbroken one, bit for bit', async () => {
    const whole = await train(model, options())
    for (const stopAt of [1, 8, 18]) {
      let saved: Uint8Array | undefined
      const abort = new AbortController()
      const broken = train(
        model,
        options({
          signal: abort.signal,
          save: async (bytes) => void (saved = bytes),
          onEvent: (event) => event.type === 'step' && event.step === stopAt && abort.abort(),
        }),
      )
      await expect(broken).rejects.toMatchObject({ code: 'aborted' })
      const resumed = await train(model, options({ resume: saved as Uint8Array }))
      expect(weightsOf(resumed)).toEqual(weightsOf(whole))
      expect(resumed.history.map(({ seconds: _, ...rest }) => rest)).toEqual(
        whole.history.map(({ seconds: _, ...rest }) => rest),
      )
    }
  })

  test('a run aborted in the validation after an epoch keeps that epoch, one aborted at once keeps nothing', async () => {
    const validation = stripes(60)
    const whole = await train(model, options({ validation }))
    const saved: Uint8Array[] = []
    const abort = new AbortController()
    const broken = train(
      model,
      options({
        signal: abort.signal,
        save: async (bytes) => void saved.push(bytes),
        validation: {
          ...validation,
          batches(request) {
            abort.abort()
            return validation.batches(request)
          },
        },
      }),
    )
    await expect(broken).rejects.toMatchObject({
      code: 'aborted',
      message: 'training was aborted after step 8 of 21',
    })
    expect(saved).toHaveLength(1)
    const resumed = await train(model, options({ validation, resume: saved[0] as Uint8Array }))
    expect(weightsOf(resumed)).toEqual(weightsOf(whole))
    const again = train(
      model,
      options({
        signal: abort.signal,
        save: async (bytes) => void saved.push(bytes),
      }),
    )
    await expect(again).rejects.toMatchObject({ code: 'aborted' })
    expect(saved).toHaveLength(1)
  })

  test('a run that fails keeps the steps it took, and goes on from them', async () => {
    const validation = stripes(60)
    const whole = await train(model, options({ validation }))
    const saved: Uint8Array[] = []
    const save = async (bytes: Uint8Array): Promise<void> => void saved.push(bytes)
    const unreadable: BatchSource = {
      ...validation,
      // biome-ignore lint/correctness/useYield: it fails before there is a batch.
      async *batches() {
        throw new MobileOneError('invalid-file', 'val/3.png cannot be decoded')
      },
    }
    const inValidation = train(model, options({ validation: unreadable, save }))
    await expect(inValidation).rejects.toMatchObject({ code: 'invalid-file' })
    expect(saved).toHaveLength(1)
    expect(await readTrainingCheckpoint(saved[0] as Uint8Array)).toMatchObject({ step: 8, epoch: 0 })
    const resumed = await train(model, options({ validation, resume: saved[0] as Uint8Array }))
    expect(weightsOf(resumed)).toEqual(weightsOf(whole))

    const own = localEngine(createNetwork(tf, model))
    let calls = 0
    const engine: Engine = {
      ...own,
      gradients(...given) {
        if (++calls === 12) throw new Error('a worker has died')
        return own.gradients(...given)
      },
    }
    await expect(train(model, options({ engine, validation, save }))).rejects.toThrow('a worker has died')
    expect(await readTrainingCheckpoint(saved.at(-1) as Uint8Array)).toMatchObject({ step: 11, epoch: 1 })
    const again = await train(model, options({ validation, resume: saved.at(-1) as Uint8Array }))
    expect(weightsOf(again)).toEqual(weightsOf(whole))
  })

  test('a checkpoint is a safetensors file that says what it holds', async () => {
    let saved: Uint8Array | undefined
    const trained = await train(
      model,
      options({ recipe: { ...recipe, epochs: 1 }, save: async (bytes) => void (saved = bytes) }),
    )
    const average = await modelFromTrainingCheckpoint(saved as Uint8Array, tinyModel(2))
    expect(weightsOf({ model: average })).toEqual(weightsOf(trained))
    await expect(modelFromTrainingCheckpoint(saved as Uint8Array, tinyModel(1))).rejects.toThrow(
      /another network/,
    )
    const { tensors, metadata } = await readCheckpoint(saved as Uint8Array)
    expect([...tensors.keys()].filter((key) => key.endsWith('head.weight'))).toEqual(
      expect.arrayContaining(['model.head.weight', 'momentum.head.weight', 'ema.head.weight']),
    )
    expect(JSON.parse(metadata.get('mobileone.training') as string)).toMatchObject({ epoch: 1, step: 8 })
    expect(await readTrainingCheckpoint(saved as Uint8Array)).toMatchObject({
      step: 8,
      recipe: { name: 'fashion-mnist', epochs: 1 },
    })
  })

  test('another recipe, another network and damaged files are refused by name', async () => {
    let saved = new Uint8Array()
    await train(
      model,
      options({
        recipe: { ...recipe, epochs: 1 },
        save: async (bytes) => void (saved = bytes as typeof saved),
      }),
    )
    const resume = (more: Partial<TrainOptions>, other = model): Promise<unknown> =>
      train(other, options({ recipe: { ...recipe, epochs: 1 }, resume: saved, ...more }))
    await expect(resume({ recipe: { ...recipe, epochs: 1, seed: 6 } })).rejects.toThrow(
      /seed is 5 there and 6 here/,
    )
    await expect(resume({}, tinyModel(1))).rejects.toThrow(/another network/)
    await expect(resume({ resume: saved.slice(0, 999) })).rejects.toMatchObject({ code: 'invalid-file' })
    await expect(resume({ resume: new Uint8Array(9) })).rejects.toMatchObject({ code: 'invalid-file' })
  })
})

describe('bad input', () => {
  test('a loss that is no number ends the run and says where', async () => {
    const wild = { ...recipe, learningRate: { ...recipe.learningRate, peak: 1e12 } }
    await expect(train(model, options({ recipe: wild }))).rejects.toMatchObject({
      code: 'wrong-result',
      message: expect.stringMatching(/diverged at step \d+ .*learningRate\.peak/),
    })
  })

  test('data that does not fit the model', async () => {
    await expect(train(tinyModel(1, 0, 3), options())).rejects.toThrow(/3 channels, the data has 1/)
    await expect(train(model, options({ data: { ...data, labels: ['a', 'b'] } }))).rejects.toThrow(
      /3 classes.* 2/,
    )
    await expect(train(model, options({ data: stripes(5) }))).rejects.toThrow(
      /5 examples do not fill one batch of 12/,
    )
  })

  test('a deploy-form model', async () => {
    const { reparameterize } = await import('@mobileone/core')
    await expect(train(reparameterize(model), options())).rejects.toThrow(/deploy form/)
  })
})

test('the time left goes with the pixels to come', () => {
  const left = timeLeft(recipe, 100)
  expect(left.seconds(0, 0)).toBeUndefined()
  left.stepTook(0, 12, 9)
  left.stepTook(0, 12, 1.2)
  // 6 batches of 12, an epoch of 8 batches of 12, one of 5 batches of 20, at a tenth of a second an image.
  expect(left.seconds(0, 2)).toBeCloseTo(7.2 + 9.6 + 10)
  left.epochTook(2)
  expect(left.seconds(2, 4)).toBeCloseTo(2 + 2)
  const larger = {
    ...recipe,
    curriculum: [...recipe.curriculum.slice(0, 1), { ...recipe.curriculum[1], size: [16, 12] }],
  }
  const growing = timeLeft(larger as Recipe, 100)
  growing.stepTook(0, 12, 1.2)
  expect(growing.seconds(1, 8)).toBeCloseTo(4 * 10)
})

describe('recipes', () => {
  test("the paper's", () => {
    expect(paperRecipe('s2')).toMatchObject({
      epochs: 300,
      labelSmoothing: 0.1,
      learningRate: { peak: 0.1 },
      weightDecay: { from: 1e-4, to: 1e-5 },
      ema: { decay: 0.9995 },
      augmentation: { autoAugment: true },
      curriculum: [
        { from: 0, size: [160, 160], strength: 0.3 },
        { from: 39, size: [192, 192], strength: 0.7 },
        { from: 114, size: [224, 224], strength: 1 },
      ],
    })
    for (const variant of ['s0', 's1'] as const) {
      expect(paperRecipe(variant)).toMatchObject({
        name: `mobileone-${variant}`,
        augmentation: { autoAugment: false },
        curriculum: [{ from: 0, size: [224, 224], strength: 1, batchSize: 256 }],
      })
    }
    const { augmentation, curriculum } = paperRecipe('s2')
    for (const variant of ['s3', 's4'] as const)
      expect(paperRecipe(variant)).toMatchObject({ augmentation, curriculum })
    expect(() => paperRecipe('s9' as 's0')).toThrow(/no variant "s9"; the variants are s0, s1, s2, s3, s4/)
  })

  test('overriding merges and checks', () => {
    expect(paperRecipe('s0', { learningRate: { peak: 0.2 }, ema: null })).toMatchObject({
      learningRate: { peak: 0.2, warmupEpochs: 5 },
      ema: null,
    })
    expect(() => paperRecipe('s0', { epochs: 0 })).toThrow(/epochs must be a positive integer, not 0/)
    expect(() => paperRecipe('s0', { curriculum: [] })).toThrow(/first phase/)
    expect(() => paperRecipe('s0', { learningRates: 1 } as object)).toThrow(/there is no "learningRates"/)
  })
})
