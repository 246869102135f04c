/** Options of a call, and the defaults that `setOptions` gives them. */
import { withBatch } from '@mobileone/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClassifier, type LocalClassifier, loadDeployModel } from '../src/index.ts'

const assets = new URL('../../../apps/demo/assets/', import.meta.url)
const weights = new URL('fashion-mnist.safetensors', assets)
const trousers = new URL('images/2-trouser.png', assets)

describe('setOptions', () => {
  let classifier: LocalClassifier
  const labels = async (...given: Parameters<LocalClassifier['classify']>[1][]) =>
    (await classifier.classify(trousers, ...given)).map(({ label }) => label)

  beforeAll(async () => {
    classifier = await createClassifier({ model: weights })
  })
  afterAll(() => classifier?.dispose())

  it('gives later calls their defaults, which a call overrides and undefined takes back', async () => {
    expect(await labels()).toHaveLength(5)
    classifier.setOptions({ topK: 2, deny: ['Trouser'] })
    expect(await labels()).toHaveLength(2)
    expect(await labels()).not.toContain('Trouser')
    expect((await labels({ deny: [] }))[0]).toBe('Trouser')
    expect(await labels({ topK: undefined as never })).toHaveLength(2)
    classifier.setOptions({ topK: undefined, allow: ['Trouser', 'Bag'] })
    expect(await labels()).toEqual(['Bag'])
    for await (const { value } of classifier.classifyEach([trousers])) expect(value?.[0]?.label).toBe('Bag')
    classifier.setOptions({ deny: undefined, allow: undefined })
    expect((await labels())[0]).toBe('Trouser')
  })

  it('reaches embeddings, but neither logits nor what fewShot learns from', async () => {
    const plain = await classifier.embed(trousers)
    const logits = await classifier.logits(trousers)
    const length = (vector: Float32Array) => Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0))
    classifier.setOptions({ normalize: true, topK: 1 })
    expect(length(await classifier.embed(trousers))).toBeCloseTo(1, 5)
    expect(length(plain)).not.toBeCloseTo(1, 1)
    expect(await classifier.logits(trousers)).toEqual(logits)
    const picture = (name: string) => new URL(`images/${name}.png`, assets)
    const examples = { legs: [trousers], feet: [picture('0-ankle-boot')] }
    await using withDefault = await classifier.fewShot(examples)
    classifier.setOptions({ normalize: undefined, topK: undefined })
    await using without = await classifier.fewShot(examples)
    expect(await withDefault.logits(trousers)).toEqual(await without.logits(trousers))
    classifier.setOptions({ maxPixels: 28 * 28 - 1 })
    await expect(classifier.fewShot(examples)).rejects.toMatchObject({ code: 'invalid-input' })
    classifier.setOptions({ maxPixels: undefined })
  })

  it.each([
    [{ allow: ['Trousers'] }, /^setOptions: allow: there is no class "Trousers"/],
    [{ threshold: Number.NaN }, /^setOptions: threshold/],
    [{ topK: 0 }, /^setOptions: topK/],
    [{ activation: 'relu' }, /^setOptions: activation/],
    [{ resample: 'x' }, /^setOptions: resample must be 'exact' or 'fast'/],
    [{ orientation: 'up' }, /^setOptions: orientation must be 'apply' or 'ignore'/],
    [{ maxPixels: -1 }, /^setOptions: maxPixels must be at least 1/],
    [{ fit: 'z' }, /^setOptions: fit must be 'crop', 'stretch' or 'letterbox'/],
    [{ region: { x: 0, y: 0, width: 0, height: 1 } }, /^setOptions: region must be/],
    [{ signal: AbortSignal.abort() }, /^setOptions: a signal belongs to one call/],
  ])('refuses %j and changes nothing', async (options, message) => {
    expect(() => classifier.setOptions({ topK: 1, ...options } as never)).toThrow(message)
    expect(await labels()).toHaveLength(5)
  })
})

it('a network for several pictures at a time takes one', async () => {
  const model = await loadDeployModel(weights)
  await using one = await createClassifier({ model })
  await using three = await createClassifier({ model: withBatch(model, 3) })
  const [a, b] = [await one.logits(trousers), await three.logits(trousers)]
  expect(b).toHaveLength(10)
  expect(Math.max(...a.map((value, index) => Math.abs(value - b[index]!)))).toBeLessThan(1e-4)
})

describe('precision', () => {
  it('that no backend has is refused, and never changed in silence', async () => {
    const failure = createClassifier({ model: weights, precision: 'float16' })
    await expect(failure).rejects.toMatchObject({ code: 'unavailable' })
    await expect(failure).rejects.toThrow(/wasm: computes in float32, not in float16/)
    const refusals: string[] = []
    await expect(
      createClassifier({
        model: weights,
        backend: 'auto',
        precision: 'float16',
        onRefusal: ({ backend }) => refusals.push(backend),
      }),
    ).rejects.toMatchObject({ code: 'unavailable' })
    expect(refusals).toEqual(['webgpu', 'wasm'])
    await using _ = await createClassifier({ model: weights, precision: 'float32' })
  })
})
