/** What is wrong with the options is found when a classifier is made, before weights are loaded or kernels compiled. */
import { readFileSync } from 'node:fs'
import { wasm } from '@mobileone/backend-wasm'
import { describe, expect, it } from 'vitest'
import {
  createClassifier,
  isMobileOneError,
  loadDeployModel,
  loadModel,
  quantize,
  toSafetensors,
  withCard,
} from '../src/index.ts'
import { variantOf } from '../src/variant-name.ts'
import { tinyModel } from './tiny-model.ts'

const assets = new URL('../../../apps/demo/assets/', import.meta.url)
const weights = new URL('fashion-mnist.safetensors', assets)
const trousers = new URL('images/2-trouser.png', assets)
const boot = new URL('images/0-ankle-boot.png', assets)

/** The error of a promise that must fail, as `code: message`. */
async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (!isMobileOneError(error)) throw error
    return `${error.code}: ${error.message}`
  }
  throw new Error('expected a failure')
}

/** A model that nothing may touch. */
const untouched = new URL('file:///absent.safetensors')

describe('backends by name', () => {
  it.each([
    ['wasm', /^1 thread/],
    ['auto', /^(1 thread|[2-4] threads):/],
    [['webgpu', 'wasm'], /^1 thread/],
  ] as const)('%s', async (backend, threads) => {
    await using classifier = await createClassifier({ model: weights, backend })
    expect(classifier.backend).toBe('wasm')
    expect(classifier.executor.features?.at(-1)).toMatch(threads)
    expect((await classifier.classify(trousers, { topK: 1 }))[0]?.label).toBe('Trouser')
  })

  it('webgpu alone is refused where there is no GPU', async () => {
    expect(await failure(createClassifier({ model: weights, backend: 'webgpu' }))).toMatch(
      /^unavailable: .*\n +webgpu: .*install the package webgpu/,
    )
  })

  it.each(['gpu', 'WASM', '', 42, {}, ['wasm', 'cuda'], [null]])('%j names the choices', async (backend) => {
    expect(await failure(createClassifier({ model: untouched, backend: backend as never }))).toMatch(
      /^invalid-argument: backend: .* is none; it is 'wasm', 'webgpu', 'auto', or a backend such as wasm\(/,
    )
  })
})

it('the first backend starts what it needs before the model is read, then for the model', async () => {
  const backend = wasm()
  const told: unknown[] = []
  await using classifier = await createClassifier({
    model: weights,
    backend: {
      ...backend,
      preload: (known) => void told.push(known && 'name' in known ? known.name : known),
    },
    onProgress: ({ phase }) => void (told.at(-1) === phase || told.push(phase)),
  })
  expect(told[0]).toBeUndefined()
  expect(told.slice(0, 4)).toEqual([undefined, 'read', 'fold', classifier.model.name])
})

it.each([
  ['layers', { photographs: [trousers, boot] }],
  ['weights', {}],
] as const)('the first backend hears that int8 %s are to come', async (int8, options) => {
  const { model } = await quantize(weights, options)
  const told: unknown[] = []
  await using classifier = await createClassifier({
    model: toSafetensors(model),
    backend: { ...wasm(), preload: (known) => void told.push(known) },
  })
  expect(told).toEqual([undefined, { int8 }, classifier.model])
})

it('what preloading cannot do fails in compile', async () => {
  const threads = 1e6
  wasm({ threads }).preload?.()
  expect(await failure(createClassifier({ model: weights, backend: wasm({ threads }) }))).toMatch(
    /^unavailable: /,
  )
})

describe('models by name', () => {
  it.each(['s0', 'S0', 'mobileone_s0', 'mobileone-s0', 'MobileOne-S0', 'mobileones0'])('%s', (name) => {
    expect(variantOf(name)).toBe('s0')
  })

  it('other strings are addresses', () => {
    for (const name of [
      's0.safetensors',
      './s0',
      'apple/mobileone-s0',
      'timm/mobileone_s0.apple_in1k',
      's',
    ]) {
      expect(variantOf(name)).toBeUndefined()
    }
  })

  it('a variant that does not exist names those that do', async () => {
    for (const load of [loadModel, loadDeployModel]) {
      expect(await failure(load('mobileone_s5'))).toMatch(
        /^invalid-argument: .*"mobileone_s5".*s0, s1, s2, s3, s4/,
      )
    }
  })

  it('reaches the published weights', async () => {
    expect(await failure(loadModel('mobileone_s0', { offline: true, cache: false }))).toMatch(/mobileone.s0/)
    expect(await failure(loadModel('mobileone_s0', { offline: true, cache: false }))).not.toMatch(
      /does not exist/,
    )
  })
})

describe('labels', () => {
  it('of the wrong number are refused', async () => {
    expect(await failure(createClassifier({ model: weights, labels: ['cat', 'dog'] }))).toMatch(
      /^invalid-argument: the option has 2 labels for the 10 classes of model "/,
    )
    const model = withCard(await loadModel(weights), { labels: ['cat'] })
    expect(await failure(createClassifier({ model }))).toMatch(
      /^invalid-argument: the card has 1 labels for the 10/,
    )
  })
})

describe('the preprocessing', () => {
  it('of another size than the network is refused, from the card and from the options', async () => {
    const model = await loadModel(weights)
    const rule = model.card!.preprocess!
    const huge = withCard(model, { preprocess: { ...rule, size: [9000, 9000], resize: 9000 } })
    expect(await failure(createClassifier({ model: huge }))).toMatch(
      /^invalid-argument: the card prepares pictures of 1x9000x9000, but the input ".*" of model ".*" is 1x1x28x28; pass preprocess: \{ size: \[28, 28\] \}/,
    )
    expect(await failure(createClassifier({ model, preprocess: { size: [32, 32] } }))).toMatch(
      /^invalid-argument: the option preprocess prepares pictures of 1x32x32/,
    )
    expect(
      await failure(createClassifier({ model, preprocess: { mean: [0, 0, 0], std: [1, 1, 1] } })),
    ).toMatch(/^invalid-argument: the option preprocess prepares pictures of 3x28x28/)
    await using _ = await createClassifier({ model: huge, preprocess: { size: [28, 28] } })
  })
})

describe('the decoder', () => {
  it('that is missing is found before anything is loaded', async () => {
    const decoder = Promise.reject(new Error('Cannot find package sharp'))
    expect(await failure(createClassifier({ model: untouched, decoder }))).toMatch(
      /^unavailable: .*npm i sharp/,
    )
  })

  it('is not asked for where pictures are decoded already', async () => {
    await using classifier = await createClassifier({ model: weights, decoder: false })
    const pixels = { width: 28, height: 28, data: new Uint8Array(28 * 28) }
    expect(await classifier.classify(pixels)).toHaveLength(5)
  })

  it('that is given decodes', async () => {
    const { default: sharp } = await import('sharp')
    let calls = 0
    const decoder = ((...given: Parameters<typeof sharp>) => {
      calls++
      return sharp(...given)
    }) as never
    await using classifier = await createClassifier({ model: weights, decoder })
    await classifier.classify(trousers)
    const once = calls
    expect(once).toBeGreaterThan(0)
    await classifier.logits(trousers)
    expect(calls).toBe(2 * once)
    await using _ = await classifier.fewShot({ legs: [trousers], feet: [boot] }, { regularization: 1 })
    expect(calls).toBe(4 * once)
  })
})

describe('what is none', () => {
  it.each([null, undefined, 42, {}])('as a model: %j', async (model) => {
    for (const load of [loadModel, loadDeployModel]) {
      expect(await failure(load(model as never))).toMatch(/^invalid-argument: the weights must be/)
    }
  })

  it.each([null, undefined, 42])('as a picture: %j', async (picture) => {
    await using classifier = await createClassifier({ model: weights })
    for (const call of [classifier.classify, classifier.embed, classifier.logits]) {
      expect(await failure(call(picture as never))).toMatch(/^invalid-input: a value of type/)
    }
  })

  it('as embeddings of a model that has none: an error of the call and of the iteration', async () => {
    const { logits } = tinyModel.outputs
    const nodes = [...tinyModel.nodes, { op: 'relu', name: 'last', inputs: [logits as string] } as const]
    const model = { ...tinyModel, nodes, outputs: { logits: 'last' } }
    await using classifier = await createClassifier({ model, decoder: false })
    expect(await failure(classifier.embed(trousers))).toMatch(/^unsupported: .* no embedding/)
    expect(await failure(classifier.embedEach([trousers]).next())).toMatch(/^unsupported: .* no embedding/)
  })
})

describe('many pictures', () => {
  it('one that is bad loses itself alone', async () => {
    await using classifier = await createClassifier({ model: weights })
    const pictures = [trousers, 'absent.png', readFileSync(trousers)]
    const found: unknown[] = []
    for await (const { index, ok, value, error } of classifier.classifyEach(pictures, { topK: 1 })) {
      found.push([index, ok ? value[0]?.label : error.code])
    }
    expect(found).toEqual([
      [0, 'Trouser'],
      [1, 'invalid-file'],
      [2, 'Trouser'],
    ])
    const lengths: unknown[] = []
    for await (const { value, error } of classifier.embedEach(pictures))
      lengths.push(value?.length ?? error?.code)
    expect(lengths).toEqual([expect.any(Number), 'invalid-file', expect.any(Number)])
  })
})
