import {
  type Backend,
  floatWeight,
  imagenetPreprocess,
  initialize,
  isMobileOneError,
  type Model,
  mobileone,
  quantizeWeight,
  random,
  spec,
  tensor,
  variants,
} from '@mobileone/core'
import { goldenPath, lacking } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Backbone, backboneOf, fitHead, Head, loadHead } from '../src/head/index.ts'
import { createClassifier, type LocalClassifier, loadDeployModel, toSafetensors, wasm } from '../src/index.ts'
import { demoModel, drawing, drawings } from './drawings.ts'

const kinds = ['bars', 'cross', 'disc'] as const

async function embeddings(
  classifier: LocalClassifier,
  count = 5,
  from = 0,
): Promise<Record<string, Float32Array[]>> {
  const entries = kinds.map(
    async (kind) => [kind, await classifier.embed(drawings(kind, from, count))] as const,
  )
  return Object.fromEntries(await Promise.all(entries))
}

const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - (b[i] as number))))

/** Pointwise and linear weights as int8. */
function asInt8(model: Model): Model {
  const weights = Object.entries(model.weights).map(([name, weight]) => {
    const [, inner = 0, height, width] = weight.shape
    const isDense = weight.shape.length > 1 && inner > 1 && (height ?? 1) * (width ?? 1) === 1
    return [name, isDense && weight.dtype === 'float32' ? quantizeWeight(weight) : weight] as const
  })
  return { ...model, weights: Object.fromEntries(weights) }
}

/** Every weight of the backbone moved by noise of `part` of its size. */
function disturbed(model: Model, part: number): Model {
  const source = random(7)
  const weights = Object.keys(model.weights).map((name) => {
    const { shape, data } = floatWeight(model, name)
    const rms = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length)
    return [
      name,
      tensor(
        shape,
        data.map((value) => value + part * rms * source.normal()),
      ),
    ] as const
  })
  return { ...model, weights: Object.fromEntries(weights) }
}

describe('a head on the embedded model', () => {
  let classifier: LocalClassifier
  let backbone: Backbone
  let head: Head
  beforeAll(async () => {
    classifier = await createClassifier({ model: demoModel })
    backbone = classifier.backbone as Backbone
    head = await fitHead(await embeddings(classifier), { backbone })
  })
  afterAll(async () => {
    await classifier?.dispose()
  })

  it('tells new pictures apart from their embeddings, and reports how well', async () => {
    const unseen = await embeddings(classifier, 40, 100)
    for (const kind of kinds) {
      const right = (unseen[kind] ?? []).filter((each) => head.predict(each, { topK: 1 })[0]?.label === kind)
      expect(right.length, kind).toBeGreaterThanOrEqual(32)
    }
    expect(head.report).toMatchObject({
      classes: kinds.map((label) => ({ label, examples: 5 })),
      trainingAccuracy: 1,
      converged: true,
      crossValidation: { folds: 15, pictures: 15 },
    })
    const { confusion, accuracy } = head.report?.crossValidation ?? {}
    expect(confusion?.map((row) => row.reduce((sum, count) => sum + count, 0))).toEqual([5, 5, 5])
    expect(confusion?.reduce((sum, row, k) => sum + (row[k] as number), 0)).toBe(15 * (accuracy as number))
  })

  it('gives scores as classify does', async () => {
    const embedding = await classifier.embed(drawing('cross', 77))
    const all = head.predict(embedding, { topK: Number.POSITIVE_INFINITY })
    expect(all.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 6)
    expect(head.predict(embedding, { threshold: 2 })).toEqual([])
    const raw = head.predict(embedding, { activation: 'none', topK: 3 })
    const logits = head.logits(embedding)
    for (const { index, label, score } of raw) {
      expect([label, score]).toEqual([kinds[index], logits[index]])
    }
    expect(() => head.predict(embedding.subarray(1))).toThrow(/elements/)
  })

  it('classifies on the executor of its backbone as the whole model with it does', async () => {
    await using mine = await classifier.withHead(head)
    await using whole = await createClassifier({ model: toSafetensors(head.toModel(classifier.model)) })
    expect(mine.labels).toEqual(whole.labels)
    expect(mine.preprocess).toEqual(whole.preprocess)
    expect(await mine.getModel()).toEqual(head.toModel(classifier.model))
    expect(mine.graph.weights['head.weight']?.shape).toEqual([3, backbone.features])
    for (const kind of kinds) {
      const picture = drawing(kind, 321)
      expect(largest(await mine.logits(picture), await whole.logits(picture))).toBeLessThan(1e-4)
      expect(await mine.embed(picture)).toEqual(await classifier.embed(picture))
      expect(head.logits(await classifier.embed(picture))).toEqual(await mine.logits(picture))
      const [best] = await mine.classify(picture)
      expect(best).toEqual(head.predict(await classifier.embed(picture))[0])
    }
    const results = []
    for await (const { value } of mine.classifyEach([drawing('disc', 3), drawing('bars', 4)], { topK: 1 })) {
      results.push(value?.[0]?.label)
    }
    expect(results).toEqual(['disc', 'bars'])
  })

  it('crosses to another thread as data', async () => {
    const data = structuredClone(head)
    expect(new Head(data)).toEqual(head)
    await using mine = await classifier.withHead(data)
    expect((await mine.classify(drawing('disc', 5), { topK: 1 }))[0]?.label).toBe('disc')
  })

  it('keeps the network until the last classifier on it is disposed of', async () => {
    const base = await createClassifier({ model: demoModel })
    const [first, second] = [await base.withHead(head), await base.withHead(head)]
    await first.dispose()
    await first.dispose()
    await expect(first.classify(drawing('disc', 5))).rejects.toMatchObject({ code: 'disposed' })
    expect(await base.classify(drawing('disc', 5))).toHaveLength(5)
    const input = tensor([1, 1, 28, 28])
    const running = base.executor.run({ image: input })
    await base.dispose()
    expect((await running).embedding?.shape).toEqual([1, backbone.features])
    await expect(base.classify(drawing('disc', 5))).rejects.toMatchObject({ code: 'disposed' })
    expect(await second.classify(drawing('disc', 5))).toHaveLength(3)
    await second.dispose()
    await expect(second.executor.run({})).rejects.toMatchObject({ code: 'disposed' })
  })

  it('keeps the network for a classifier that is made while the one before is disposed of, not after', async () => {
    const base = await createClassifier({ model: demoModel })
    const making = base.withHead(head)
    await base.dispose()
    const first = await making
    expect(await first.classify(drawing('disc', 5))).toHaveLength(3)
    const stopLate = ({ phase }: { phase: string }) => void (phase === 'cross-validate' && first.dispose())
    const examples = { disc: drawings('disc', 0, 2), bars: drawings('bars', 0, 2) }
    await using second = await first.fewShot(examples, { onProgress: stopLate })
    expect(await second.classify(drawing('disc', 5))).toHaveLength(2)
    await expect(base.withHead(head)).rejects.toMatchObject({ code: 'disposed' })
    await expect(base.fewShot({})).rejects.toMatchObject({ code: 'disposed' })
  })

  it('frees the network where what would have been on it fails', async () => {
    const base = await createClassifier({ model: demoModel })
    const { executor } = base
    const failing = base.withHead({ ...head, labels: [] }).catch(({ code }) => code)
    await base.dispose()
    expect(await failing).toBe('invalid-argument')
    await expect(executor.run({})).rejects.toMatchObject({ code: 'disposed' })
  })

  it('tells the precision of the backbone', async () => {
    const inInt8: Backend = {
      ...wasm(),
      compile: async (...given) => ({ ...(await wasm().compile(...given)), precision: 'int8' }),
    }
    await using base = await createClassifier({ model: demoModel, backend: inInt8 })
    await using mine = await base.withHead(head)
    expect(mine.precision).toBe('int8')
  })

  it('starts from an earlier head and ends at the same one', async () => {
    const more = await embeddings(classifier, 6)
    const options = { backbone, regularization: 1e-3, crossValidate: false }
    const [cold, earlier] = [
      await fitHead(more, options),
      await fitHead(await embeddings(classifier), options),
    ]
    const warm = await fitHead(more, { ...options, start: earlier })
    expect(warm.report?.iterations).toBeLessThan(cold.report?.iterations as number)
    expect(largest(warm.weight, cold.weight)).toBeLessThan(1e-4 * Math.max(...cold.weight))
    const again = await fitHead(more, { ...options, start: cold })
    expect(again.report?.iterations).toBeLessThanOrEqual(2)
    const renamed = { ...earlier, labels: ['x', 'y', 'z'] }
    expect((await fitHead(more, { ...options, start: renamed })).report?.converged).toBe(true)
    const kept = await fitHead(more, { backbone, crossValidate: false, start: earlier })
    expect(kept.report?.regularization).toBe(1e-3)
  })

  it('estimates its accuracy at a given regularisation too', async () => {
    const found = await fitHead(await embeddings(classifier), { backbone, regularization: 0.5 })
    expect(found.report).toMatchObject({ regularization: 0.5, crossValidation: { pictures: 15 } })
  })

  describe('refuses', () => {
    it('another backbone', async () => {
      await using noisy = await createClassifier({ model: disturbed(classifier.model, 0.5) })
      await expect(noisy.withHead(head)).rejects.toMatchObject({
        code: 'invalid-argument',
        message: expect.stringContaining('other weights'),
      })
      expect(() => head.toModel(disturbed(classifier.model, 0.5))).toThrow(/other weights/)
      const config = { ...variants.s0, classes: 7 }
      const wide = initialize(mobileone(config, { form: 'deploy' }), { seed: 1 })
      expect(() => head.toModel(wide)).toThrow(/1024/)
      const mean = classifier.preprocess.mean.map((value) => value + 0.1)
      await using shifted = await createClassifier({ model: demoModel, preprocess: { mean } })
      await expect(shifted.withHead(head)).rejects.toMatchObject({
        message: expect.stringContaining('mean'),
      })
    })

    it.each<[string, (given: Record<string, Float32Array[]>) => unknown, string, RegExp]>([
      ['no classes', () => ({}), 'invalid-argument', /no classes/],
      ['one class', ({ bars }) => ({ bars }), 'invalid-argument', /one class/],
      ['a class without embeddings', (given) => ({ ...given, bars: [] }), 'invalid-argument', /"bars"/],
      [
        'an embedding in place of a list',
        ({ bars, disc }) => ({ bars, disc: disc?.[0] }),
        'invalid-argument',
        /"disc"/,
      ],
      [
        'embeddings of another network',
        (given) => ({ ...given, disc: [new Float32Array(3)] }),
        'invalid-input',
        /embedding 0 of "disc" has 3 elements/,
      ],
      ['lists of numbers', (given) => ({ ...given, disc: [[1, 2]] }), 'invalid-input', /Float32Array/],
      [
        'what is not finite',
        ({ bars = [], ...rest }) => ({ ...rest, bars: [bars[0], bars[1]?.with(3, Number.NaN)] }),
        'invalid-input',
        /embedding 1 of "bars" is not finite/,
      ],
      [
        'embeddings of length 1',
        (given) =>
          Object.fromEntries(
            Object.entries(given).map(([label, list]) => [
              label,
              list.map((each) => each.map((value) => value / Math.hypot(...each))),
            ]),
          ),
        'invalid-input',
        /without normalize/,
      ],
      [
        'embeddings that are all the same',
        ({ bars = [] }) => ({ a: [bars[0]], b: [bars[0]] }),
        'invalid-input',
        /no difference/,
      ],
    ])('%s', async (_, change, code, message) => {
      const given = change(await embeddings(classifier)) as Record<string, Float32Array[]>
      await expect(fitHead(given, { backbone })).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
      })
    })

    it('fitting without a backbone, and heads that are none', async () => {
      const given = await embeddings(classifier)
      await expect(fitHead(given, { backbone: undefined })).rejects.toMatchObject({ code: 'unsupported' })
      const broken = [
        { ...head, labels: ['a'] },
        { ...head, labels: ['a', 'a', 'b'] },
        { ...head, weight: head.weight.with(0, Number.NaN) },
        { ...head, bias: [0, 0, 0] },
        { ...head, backbone: { ...backbone, fingerprint: [] } },
        { ...head, backbone: null },
      ] as unknown as Head[]
      for (const each of broken) {
        expect(() => new Head(each)).toThrow(/a head/)
        await expect(classifier.withHead(each)).rejects.toMatchObject({ code: 'invalid-argument' })
      }
    })
  })

  describe('as a file', () => {
    it('comes back, in about 4 bytes a weight', () => {
      const bytes = head.toBytes()
      expect(loadHead(bytes)).toEqual(head)
      const wide = new Head({
        ...head,
        weight: new Float32Array(3 * 1024),
        backbone: { ...backbone, features: 1024 },
      })
      expect(wide.toBytes().length).toBeLessThan(14_000)
    })

    it('is refused with an error where bytes are damaged or of something else', async () => {
      const bytes = head.toBytes()
      const source = random(11)
      const attempt = (given: Uint8Array): void => {
        try {
          new Head(loadHead(given))
        } catch (error) {
          if (!isMobileOneError(error) || error.code !== 'invalid-file') throw error
        }
      }
      for (let length = 0; length < bytes.length; length += 97) {
        expect(() => loadHead(bytes.subarray(0, length))).toThrow(
          expect.objectContaining({ code: 'invalid-file' }),
        )
      }
      for (let round = 0; round < 2000; round++) {
        const hurt = bytes.slice()
        for (let i = source.integer(1, 3); i > 0; i--) hurt[source.integer(0, 1800)] = source.integer(0, 255)
        attempt(hurt)
      }
      const text = new TextDecoder('latin1').decode(bytes)
      const replaced = (from: string, to: string): Uint8Array => {
        expect(text).toContain(from)
        return Uint8Array.from(text.replace(from, to.padEnd(from.length)), (each) => each.charCodeAt(0))
      }
      const { features } = backbone
      expect(() => loadHead(replaced('\\"version\\":1', '\\"version\\":9'))).toThrow(/version 9/)
      expect(() =>
        loadHead(replaced(`\\"features\\":${features}`, `\\"features\\":${features + 1}`)),
      ).toThrow(/finite weights/)
      const model = toSafetensors(classifier.model)
      expect(() => loadHead(model)).toThrow(/mobileone\.head/)
    })
  })
})

describe('the fingerprint of a backbone', () => {
  const distance = (a: Backbone | undefined, b: Backbone | undefined): number =>
    Math.hypot(
      ...(a as Backbone).fingerprint.map((value, i) => value - ((b as Backbone).fingerprint[i] as number)),
    )

  it('moves little with storage, much with other weights, and not with the head', async () => {
    const model = await loadDeployModel(demoModel)
    const rule = model.card?.preprocess ?? imagenetPreprocess([28, 28], 1)
    const own = backboneOf(model, rule)
    expect(Math.hypot(...(own?.fingerprint ?? []))).toBeGreaterThan(0.5)
    const half = await loadDeployModel(toSafetensors(model, { storage: 'float16' }))
    expect(distance(own, backboneOf(half, rule))).toBeLessThan(0.002)
    expect(distance(own, backboneOf(asInt8(model), rule))).toBeLessThan(0.05)
    expect(distance(own, backboneOf(disturbed(model, 0.3), rule))).toBeGreaterThan(0.15)
    const specs = Object.entries(model.weights).map(([name, { shape }]) => [name, spec(shape)] as const)
    const bare = { ...model, weights: Object.fromEntries(specs) }
    const fresh = [1, 2, 3].map((seed) => backboneOf(initialize(bare, { seed }), rule))
    for (const each of fresh) expect(distance(own, each)).toBeGreaterThan(0.7)
    expect(distance(fresh[0], fresh[1])).toBeGreaterThan(0.7)
  })

  it.skipIf(lacking('golden'))('is the same for S0 folded here and folded by Apple', async () => {
    const [unfused, fused] = await Promise.all(
      ['mobileone_s0_unfused.pth.tar', 'mobileone_s0.pth.tar'].map((file) =>
        loadDeployModel(goldenPath(file)),
      ),
    )
    const rule = imagenetPreprocess([224, 224], 3)
    const [a, b] = [backboneOf(unfused as Model, rule), backboneOf(fused as Model, rule)]
    expect(distance(a, b)).toBeLessThan(0.002)
    expect(distance(a, backboneOf(asInt8(unfused as Model), rule))).toBeLessThan(0.08)
    const start = performance.now()
    backboneOf(fused as Model, rule)
    console.log(
      `S0: the fingerprint takes ${(performance.now() - start).toFixed(1)} ms; int8 moves it by ${distance(a, backboneOf(asInt8(unfused as Model), rule)).toFixed(4)}`,
    )
  })
})
