import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { initialize, type Model, mobileone, reparameterize } from '@mobileone/core'
import { openDiskCache } from '@mobileone/hub'
import type { Pixels } from '@mobileone/vision'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  createClassifier,
  loadDeployModel,
  loadModel,
  type MobileOneError,
  quantize,
  toSafetensors,
  withBatch,
} from '../src/index.ts'
import { createPool } from '../src/remote/node.ts'
import { useShippedThreads } from './shipped-threads.ts'

const train: Model = initialize(
  mobileone(
    {
      name: 'tiny',
      input: { channels: 3, size: [32, 32] },
      stem: { channels: 8, stride: 2, branches: 1 },
      stages: [{ blocks: 2, channels: 16, stride: 1, branches: 2, squeezeExcite: 1 }],
      classes: 3,
    },
    { form: 'train' },
  ),
  { seed: 1, statistics: 'random' },
)

/** Stripes of as many widths, colours and phases as there are indices. */
function stripes(index: number): Pixels {
  const data = new Uint8Array(48 * 40 * 3)
  for (let at = 0; at < data.length; at++) {
    const [x, colour] = [Math.floor(at / 3) % 48, at % 3]
    data[at] = 128 + 100 * Math.sin((x * (1 + colour)) / (1 + (index % 5)) + index)
  }
  return { width: 48, height: 40, channels: 3, data }
}
const photographs = Array.from({ length: 6 }, (_, index) => stripes(index))
const broken = new Uint8Array([0xff, 0xd8, 0xff, 0])
const kinds = (model: Model): (readonly [string, boolean])[] =>
  Object.entries(model.weights)
    .flatMap(([name, weight]) =>
      weight.dtype === 'int8' ? [[name, weight.inputSteps !== undefined] as const] : [],
    )
    .sort(([a], [b]) => (a < b ? -1 : 1))

useShippedThreads()

describe('quantize', () => {
  it('folds, sets steps on the first photographs, and compares on the others', async () => {
    const phases = new Set<string>()
    const { model, report } = await quantize(train, {
      photographs,
      count: 4,
      onProgress: ({ phase }) => phases.add(phase),
    })
    expect(report).toMatchObject({ form: 'w8a7', samples: 4, comparedOn: 'heldOut', compared: 2 })
    expect(report.sqnrDb).toBeGreaterThan(10)
    expect(kinds(model)).toContainEqual(['stage1.1.weight', true])
    expect(kinds(model)).toContainEqual(['head.weight', false])
    expect([...phases]).toEqual(
      expect.arrayContaining(['fold', 'photographs', 'calibrate', 'quantize', 'compare']),
    )
    const few = await quantize(train, { photographs })
    expect(few.report).toMatchObject({ samples: 6, comparedOn: 'samples' })
  })

  it('makes weights alone without photographs, and where it is asked for', async () => {
    for (const options of [{}, { photographs, activations: false }]) {
      const { model, report } = await quantize(train, options)
      expect(report.form).toBe('w8')
      expect(kinds(model).every(([, hasSteps]) => !hasSteps)).toBe(true)
      expect(report.calibratedOn).toBe('photographs' in options ? 'samples' : 'noise')
    }
  })

  it('takes photographs from anywhere, and a model for several at once', async () => {
    async function* supply() {
      yield* photographs
    }
    const [one, other] = await Promise.all([
      quantize(train, { photographs: supply(), count: 3 }),
      quantize(withBatch(train, 2), { photographs, count: 3 }),
    ])
    expect(other.model.weights).toEqual(one.model.weights)
    expect(other.model.inputs).toMatchObject({ image: { shape: [2, 3, 32, 32] } })
  })

  it('refuses photographs that cannot be read, or leaves them out', async () => {
    const given = [photographs[0] as Pixels, broken, photographs[1] as Pixels]
    await expect(quantize(train, { photographs: given })).rejects.toMatchObject({
      code: 'invalid-file',
      message: expect.stringMatching(/^quantize: photograph 1: /),
    })
    const skipped: [number, string][] = []
    const onSkipped = ({ code }: MobileOneError, index: number) => void skipped.push([index, code])
    const { report } = await quantize(train, { photographs: given, onSkipped })
    expect([skipped, report.samples]).toEqual([[[1, 'invalid-file']], 2])
    await expect(quantize(train, { photographs: [broken], onSkipped })).rejects.toMatchObject({
      code: 'invalid-file',
      message: 'quantize: none of the 1 photographs can be read',
    })
  })

  it('refuses what cannot be, and stops', async () => {
    await expect(quantize(train, { photographs: [] })).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(quantize(train, { photographs, count: 0 })).rejects.toMatchObject({
      message: expect.stringMatching(/count must be/),
    })
    const { model } = await quantize(train)
    await expect(quantize(model)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/int8 already/),
    })
    const controller = new AbortController()
    const onProgress = ({ phase }: { phase: string }) => phase === 'calibrate' && controller.abort()
    await expect(
      quantize(train, { photographs, onProgress, signal: controller.signal }),
    ).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('a file of the int8 form', () => {
  let model: Model
  let bytes: Uint8Array
  beforeAll(async () => {
    model = (await quantize(train, { photographs })).model
    bytes = toSafetensors(model)
  })

  it('is a model as any other: bytes, a file, a blob', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mobileone-quantize-'))
    try {
      const path = join(folder, 'tiny.int8.safetensors')
      await writeFile(path, bytes)
      const logits: Float32Array[] = []
      for (const source of [model, bytes, path, new Blob([bytes as BlobPart])]) {
        await using classifier = await createClassifier({ model: source, labels: ['a', 'b', 'c'] })
        expect(kinds(classifier.model)).toEqual(kinds(model))
        expect(classifier.precision).toBe(classifier.executor.precision ?? 'float32')
        logits.push(await classifier.logits(photographs[0] as Pixels))
      }
      for (const other of logits) expect(other).toEqual(logits[0])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('stays as it is beside the cache of folded models', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mobileone-quantize-'))
    try {
      const cache = await openDiskCache(folder)
      const fetch = async (): Promise<Response> => new Response(bytes as BodyInit)
      const options = { cache, fetch: fetch as never }
      const url = 'https://example.com/tiny.int8.safetensors'
      const first = await loadDeployModel(url, options)
      const second = await loadDeployModel(url, options)
      for (const loaded of [first, second]) expect(loaded.weights).toEqual(model.weights)
      expect((await cache.list()).map(({ key }) => key)).toEqual([url])
      expect((await readdir(folder)).length).toBeGreaterThan(0)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('comes from a classifier, on its own thread and on those of a pool', async () => {
    const weights = toSafetensors(reparameterize(train))
    await using classifier = await createClassifier({ model: weights })
    const local = await classifier.quantize(photographs, { count: 4 })
    expect(local.report).toMatchObject({ form: 'w8a7', samples: 4, compared: 2 })
    expect((await loadModel(local.bytes)).weights).toEqual(
      (await quantize(weights, { photographs, count: 4 })).model.weights,
    )
    const worker = new URL('../dist/classifier-thread.mjs', import.meta.url)
    await using pool = await createPool({ model: weights, size: 1, worker })
    const progress = new Set<string>()
    const skipped: unknown[] = []
    const remote = await pool.quantize([...photographs.slice(0, 1), broken, ...photographs.slice(1)], {
      count: 4,
      onProgress: ({ phase }) => progress.add(phase),
      onSkipped: (_, index) => skipped.push(index),
    })
    expect(remote.bytes).toEqual(local.bytes)
    expect(remote.report).toEqual(local.report)
    expect(skipped).toEqual([1])
    expect([...progress]).toContain('compare')
    await using again = await createPool({ model: remote.bytes, size: 1, worker })
    const [best] = await again.classify(photographs[0] as Pixels)
    await using one = await createClassifier({ model: remote.bytes })
    expect(best?.index).toBe((await one.classify(photographs[0] as Pixels))[0]?.index)
  })
})
