import { readFileSync } from 'node:fs'
import {
  type Backend,
  initialize,
  type Model,
  maxAbsDifference,
  mobileone,
  reference,
  reparameterize,
  tensor,
  variants,
} from '@mobileone/core'
import { fashionMnistFolder, lacking } from '@mobileone/testkit'
import { type Pixels, readIdx } from '@mobileone/vision'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createClassifier,
  type FewShotResult,
  type LocalClassifier,
  toSafetensors,
  withHead,
  withOutputs,
} from '../src/index.ts'
import { accuracy } from './accuracy.ts'
import { demoModel, drawing, drawings } from './drawings.ts'

describe('a head on the embedded model', () => {
  const examples = {
    bars: drawings('bars', 0, 5),
    cross: drawings('cross', 0, 4),
    disc: drawings('disc', 0, 6),
  }
  let classifier: LocalClassifier
  let mine: LocalClassifier & FewShotResult
  beforeAll(async () => {
    classifier = await createClassifier({ model: demoModel })
    mine = await classifier.fewShot(examples)
  })
  afterAll(async () => {
    await Promise.all([classifier.dispose(), mine.dispose()])
  })

  it('tells new pictures of new classes apart, and reports how it was trained', async () => {
    for (const kind of ['bars', 'disc', 'cross'] as const) {
      const found = accuracy(await mine.classify(drawings(kind, 100, 40), { topK: 1 }), kind)
      expect(found, kind).toBeGreaterThanOrEqual(0.8)
    }
    expect(mine.labels).toEqual(['bars', 'cross', 'disc'])
    expect(mine.report).toMatchObject({
      classes: [
        { label: 'bars', pictures: 5 },
        { label: 'cross', pictures: 4 },
        { label: 'disc', pictures: 6 },
      ],
      trainingAccuracy: 1,
      converged: true,
      crossValidation: { folds: 15, pictures: 15 },
    })
    expect(mine.report.crossValidation?.accuracy).toBeGreaterThan(0.8)
  })

  it('leaves the backbone, the old classifier and the preprocessing as they are', async () => {
    const [best] = await classifier.classify(new URL('images/2-trouser.png', new URL('.', demoModel)))
    expect(best?.label).toBe('Trouser')
    for (const [name, weight] of Object.entries(classifier.model.weights)) {
      if (!name.startsWith('head.')) expect(mine.model.weights[name], name).toBe(weight)
    }
    expect(mine.preprocess).toEqual(classifier.preprocess)
    const [picture] = examples.disc
    expect(await mine.embed(picture as Pixels)).toEqual(await classifier.embed(picture as Pixels))
  })

  it('is an ordinary model: its file gives the same classifier, and the head fits the train form', async () => {
    const [picture] = drawings('cross', 50, 1) as [Pixels]
    const logits = await mine.logits(picture)
    for (const [storage, tolerance] of [
      ['float32', 1e-5],
      ['float16', 0.1],
    ] as const) {
      const loaded = await createClassifier({ model: toSafetensors(mine.model, { storage }) })
      const found = await loaded.logits(picture)
      expect(loaded.labels).toEqual(mine.labels)
      expect(loaded.preprocess).toEqual(mine.preprocess)
      expect(maxAbsDifference(tensor([3], found), tensor([3], logits))).toBeLessThanOrEqual(tolerance)
      await loaded.dispose()
    }

    const config = { ...variants.s0, input: { channels: 3, size: [32, 32] as const }, classes: 7 }
    const train = initialize(mobileone(config, { form: 'train' }), { seed: 3, statistics: 'random' })
    const head = {
      weight: Float32Array.from({ length: 2048 }, (_, i) => (i % 13) - 6),
      bias: Float32Array.of(1, -1),
    }
    const headed = reparameterize(withHead(train, head, ['a', 'b']))
    expect(headed.card?.labels).toEqual(['a', 'b'])
    expect([...(headed.weights['head.bias']?.data ?? [])]).toEqual([1, -1])
    expect(() => withHead(train, head, ['a'])).toThrow(/2048|1024/)
  })

  it('gives the same head for the same pictures and seed', async () => {
    const again = await classifier.fewShot(examples)
    expect(again.model.weights['head.weight']).toEqual(mine.model.weights['head.weight'])
    expect(again.model.weights['head.bias']).toEqual(mine.model.weights['head.bias'])
    await again.dispose()
  })

  it('learns from mirror images when asked', async () => {
    const hook = (flip: boolean, seed: number): Pixels => {
      const image = drawing('bars', seed)
      for (let y = 0; y < 28; y++) {
        for (let x = 0; x < 28; x++) if (flip ? x < 14 : x >= 14) (image.data as Uint8Array)[y * 28 + x] = 0
      }
      return image
    }
    const lopsided = {
      left: [0, 1, 2].map((seed) => hook(false, seed)),
      disc: drawings('disc', 0, 3),
    }
    const turned = [5, 6, 7, 8].map((seed) => hook(true, seed))
    const [plain, mirrored] = [
      await classifier.fewShot(lopsided),
      await classifier.fewShot(lopsided, { mirror: true }),
    ]
    const sure = async (given: LocalClassifier): Promise<number> => {
      const all = await given.classify(turned, { topK: 2 })
      return all.reduce((sum, row) => sum + (row.find(({ label }) => label === 'left')?.score ?? 0), 0)
    }
    expect(await sure(mirrored)).toBeGreaterThan(await sure(plain))
    await Promise.all([plain.dispose(), mirrored.dispose()])
  })

  it('tells how far it is, and can be stopped', async () => {
    const phases = new Set<string>()
    const controller = new AbortController()
    const stopped = classifier.fewShot(examples, {
      signal: controller.signal,
      onProgress({ phase, done, total }) {
        phases.add(phase)
        expect(total).toBeGreaterThanOrEqual(done)
        if (phase === 'cross-validate' && done === 3) controller.abort(new Error('enough'))
      },
    })
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' })
    expect([...phases]).toEqual(['embed', 'cross-validate'])
    expect((await classifier.classify(examples.disc[0] as Pixels, { topK: 3 })).length).toBe(3)
  })
})

describe('what fewShot refuses', () => {
  const config = {
    ...variants.s0,
    input: { channels: 3, size: [16, 16] as const },
    stages: variants.s0.stages.map((stage) => ({ ...stage, blocks: 1, channels: 8, branches: 1 })),
    classes: 3,
  }
  const model = initialize(mobileone(config, { form: 'deploy' }), { seed: 1 })
  const picture: Pixels = { width: 20, height: 20, data: new Uint8Array(1200).map((_, i) => i) }
  const other: Pixels = { width: 20, height: 20, data: new Uint8Array(1200).map((_, i) => i * i) }
  const attempt = async (
    examples: Record<string, unknown>,
    of: Model = model,
    options = {},
  ): Promise<unknown> => {
    await using classifier = await createClassifier({ model: of, backend: reference() as Backend })
    const mine = await classifier.fewShot(examples as Parameters<LocalClassifier['fewShot']>[0], options)
    await mine.dispose()
    return mine
  }

  it.each([
    ['no classes', {}, 'invalid-argument', /no classes/],
    ['one class', { cats: [picture] }, 'invalid-argument', /one class/],
    ['a class without pictures', { cats: [picture], dogs: [] }, 'invalid-argument', /"dogs" has no pictures/],
    [
      'a picture in place of a list',
      { cats: [picture], dogs: 'dog.jpg' },
      'invalid-argument',
      /"dogs" must be a list/,
    ],
    [
      'a picture that cannot be read',
      { cats: [picture], dogs: [other, new Uint8Array([1, 2, 3])] },
      'invalid-file',
      /picture 1 of "dogs"/,
    ],
    [
      'something that is no picture',
      { cats: [picture], dogs: [null] },
      'invalid-input',
      /picture 0 of "dogs"/,
    ],
    [
      'pictures that are all the same',
      { cats: [picture], dogs: [picture] },
      'invalid-input',
      /no difference/,
    ],
  ])('%s', async (_, examples, code, message) => {
    await expect(attempt(examples)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })

  it('a regularisation that is none', async () => {
    const examples = { cats: [picture], dogs: [other] }
    await expect(attempt(examples, model, { regularization: 0 })).rejects.toMatchObject({
      code: 'invalid-argument',
    })
    await expect(attempt(examples, model, { regularization: 0.5 })).resolves.toMatchObject({
      report: { regularization: 0.5 },
    })
  })

  it('a model without pooled features under a linear head', async () => {
    const pooled = withOutputs(model, { logits: 'flatten' })
    await expect(attempt({ cats: [picture], dogs: [other] }, pooled)).rejects.toMatchObject({
      code: 'unsupported',
    })
  })
})

describe.skipIf(lacking('fashion-mnist'))('few-shot learning on Fashion-MNIST', () => {
  it('groups garments in new classes from five pictures each', async () => {
    const images = await readIdx(readFileSync(`${fashionMnistFolder}/t10k-images-idx3-ubyte.gz`))
    const labels = await readIdx(readFileSync(`${fashionMnistFolder}/t10k-labels-idx1-ubyte.gz`))
    const groups = { top: [0, 2, 4, 6], shoe: [5, 7, 9], bag: [8], legs: [1] }
    const picturesOf = (wanted: readonly number[]): Pixels[] =>
      [...labels.data.entries()].flatMap(([index, label]) =>
        wanted.includes(label)
          ? [
              {
                width: 28,
                height: 28,
                channels: 1,
                data: images.data.subarray(784 * index, 784 * (index + 1)),
              },
            ]
          : [],
      )
    const all = Object.entries(groups).map(([name, wanted]) => [name, picturesOf(wanted)] as const)
    await using classifier = await createClassifier({ model: demoModel })
    await using mine = await classifier.fewShot(
      Object.fromEntries(all.map(([name, pictures]) => [name, pictures.slice(0, 5)])),
    )
    const found: number[] = []
    for (const [name, pictures] of all) {
      found.push(accuracy(await mine.classify(pictures.slice(5, 155), { topK: 1 }), name))
    }
    console.log(`Fashion-MNIST, 5 pictures each: ${found.join(', ')}; ${JSON.stringify(mine.report)}`)
    for (const value of found) expect(value).toBeGreaterThan(0.85)
  })
})
