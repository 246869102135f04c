import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toSafetensors } from '@mobileone/checkpoint'
import {
  hasIntegerLayers,
  initialize,
  type Model,
  mobileone,
  type Progress,
  quantize,
  reparameterize,
  tensor,
} from '@mobileone/core'
import { openDiskCache, type WeightCache } from '@mobileone/hub'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type LoadOptions, loadDeployModel, loadModel } from '../src/load.ts'
import { clearCache, isCached, preload } from '../src/model-cache.ts'

const config = {
  name: 'tiny',
  input: { channels: 3, size: [16, 16] },
  stem: { channels: 4, stride: 2, branches: 1 },
  stages: [{ blocks: 2, channels: 6, stride: 1, branches: 2, squeezeExcite: 1 }],
  classes: 3,
} as const
const train = initialize(mobileone(config, { form: 'train' }), { seed: 1, statistics: 'random' })

describe('weights from an address', () => {
  let folder: string
  let cache: WeightCache
  let url: string
  let served: Uint8Array
  let close: () => Promise<unknown>
  const warnings: string[] = []
  let phases: Set<string>
  const options = (): LoadOptions => ({
    cache,
    retries: 0,
    onWarning: (message) => warnings.push(message),
    onProgress: ({ phase }: Progress) => void phases.add(phase),
  })
  const load = (source: string | Uint8Array = url, more: LoadOptions = {}): Promise<Model> => {
    phases = new Set()
    return loadDeployModel(source, { ...options(), ...more })
  }
  const derived = async () => (await cache.list()).filter(({ key }) => key.includes('derived.invalid'))

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mobileone-load-'))
    cache = await openDiskCache(folder)
    warnings.length = 0
    served = toSafetensors({ ...train, card: { author: 'someone' } })
    const server = createServer((_, response) => {
      response.writeHead(200, { etag: `"${served.length}"`, 'content-length': String(served.length) })
      response.end(served)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tiny.safetensors`
    close = () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    }
  })
  afterEach(async () => {
    await close()
    await rm(folder, { recursive: true, force: true })
  })

  test('are folded once; the second start reads the same model from the cache', async () => {
    const first = await load()
    expect(phases).toContain('fold')
    const second = await load()
    expect(phases).not.toContain('fold')
    expect(second.weights).toEqual(first.weights)
    expect([second.name, second.inputs, second.outputs, second.card]).toEqual([
      first.name,
      first.inputs,
      first.outputs,
      first.card,
    ])
    expect(second.card).toMatchObject({ author: 'someone', source: url })
    expect(second.nodes.map(({ op, inputs }) => [op, inputs.length])).toEqual(
      first.nodes.map(({ op, inputs }) => [op, inputs.length]),
    )
    expect(second.config?.stages[0]).toMatchObject({ stride: 1, blocks: 2 })
    expect(await derived()).toHaveLength(1)
  })

  test('are folded again for other options, other bytes and a damaged entry', async () => {
    await load()
    await load(url, { size: [32, 32] })
    expect(phases).toContain('fold')
    await load()
    expect(phases).toContain('fold')
    const [entry] = await derived()
    const blob = join(folder, 'blobs', entry!.sha256)
    const bytes = await readFile(blob)
    await writeFile(blob, bytes.fill(255, bytes.length - 8))
    const again = await load()
    expect(phases).toContain('fold')
    expect(warnings.join('\n')).toContain('is damaged')
    expect((await load()).weights).toEqual(again.weights)
    expect(phases).not.toContain('fold')

    const other = initialize(mobileone({ ...config, classes: 4 }, { form: 'train' }), { seed: 2 })
    served = toSafetensors(other)
    expect((await load()).weights['head.bias']?.shape).toEqual([4])
  })

  test('in int8 come and stay as they are, also from the cache', async () => {
    const shape = [1, 3, 16, 16]
    const samples = [1, 2, 3].map((level) => ({
      [Object.keys(train.inputs)[0]!]: tensor(
        shape,
        new Float32Array(768).map((_, i) => Math.sin(i * level)),
      ),
    }))
    const { model } = await quantize(reparameterize(train), { samples })
    served = toSafetensors(model)
    const types = ({ weights }: Model): unknown[] =>
      Object.entries(weights).map(([name, weight]) => [
        name,
        weight.dtype,
        weight.dtype === 'int8' && weight.inputSteps,
      ])
    const first = await load()
    expect(hasIntegerLayers(first)).toBe(true)
    expect(new Map(Object.entries(first.weights))).toEqual(new Map(Object.entries(model.weights)))
    const second = await load(url, { offline: true })
    expect(types(second)).toEqual(types(first))
    expect(second.weights).toEqual(first.weights)
    expect(await derived()).toEqual([])
  })

  test('are not kept in folded form where that is turned off, given a card, local or folded already', async () => {
    await load(url, { cacheFolded: false })
    await load(url, { card: { labels: ['a', 'b', 'c'] } })
    await load(served)
    served = toSafetensors(await load(served))
    await load()
    expect(await derived()).toEqual([])
    await load(url, { cache: false })
    expect(await readdir(join(folder, 'entries'))).toHaveLength(1)
  })

  test('are kept as float16 where that is asked for, and answer the same on every start and without a cache', async () => {
    const exact = await load()
    const [full] = await derived()
    const first = await load(url, { storage: 'float16' })
    expect(phases).toContain('fold')
    const [half, ...others] = await derived()
    expect(others).toEqual([])
    const elements = Object.values(exact.weights).reduce((sum, { data }) => sum + data.length, 0)
    expect(Math.abs(full!.size - half!.size - 2 * elements)).toBeLessThan(64)
    const second = await load(url, { storage: 'float16' })
    expect(phases).not.toContain('fold')
    for (const model of [
      second,
      await load(url, { storage: 'float16', cache: false }),
      await load(served, { storage: 'float16' }),
      await loadDeployModel(train, { storage: 'float16' }),
    ]) {
      expect(model.weights).toEqual(first.weights)
    }
    let differences = 0
    for (const [name, { data }] of Object.entries(exact.weights)) {
      const rounded = first.weights[name]!.data
      data.forEach((value, index) => {
        if (value !== rounded[index]) differences++
        expect(Math.abs(value - rounded[index]!)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -11 + 2 ** -25)
      })
    }
    expect(differences).toBeGreaterThan(0)
  })

  test('beyond float16 are refused by name', async () => {
    const weights = { ...train.weights, 'head.bias': tensor([3], Float32Array.of(0, 7e4, 0)) }
    const failure = loadDeployModel({ ...train, weights }, { storage: 'float16' })
    await expect(failure).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(failure).rejects.toThrow(/the weight "head.bias" of model "tiny" holds .*beyond 65504/)
    await expect(load(url, { storage: 'int8' as never })).rejects.toThrow(
      /'float32' or 'float16', not "int8"/,
    )
  })

  test('are preloaded, told of, and cleared', async () => {
    expect(await isCached(url, options())).toBe(false)
    const told: Progress[] = []
    await preload(url, { ...options(), onProgress: (progress) => told.push(progress) })
    expect(told.at(-1)).toEqual({ phase: 'ready', done: 1, total: 1, fraction: 1 })
    expect(told.map(({ phase }) => phase)).toEqual(expect.arrayContaining(['download', 'fold']))
    const fractions = told.map(({ fraction }) => fraction as number)
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b))
    expect(await isCached(url, options())).toBe(true)
    await load(url, { offline: true })
    expect([...phases]).not.toContain('download')
    expect(phases).not.toContain('fold')
    const [weights] = (await cache.list()).filter(({ key }) => key === url)
    expect(await isCached(url, { cache, sha256: weights!.sha256 })).toBe(true)
    expect(await isCached(url, { cache, sha256: '0'.repeat(64) })).toBe(false)
    expect(await isCached(url, { cache: false })).toBe(false)
    expect(await isCached('s1', { cache })).toBe(false)
    expect(await isCached(train)).toBe(true)
    expect(await isCached(served)).toBe(true)
    await clearCache({ cache })
    expect(await cache.list()).toEqual([])
    expect(await isCached(url, options())).toBe(false)
    await expect(load(url, { offline: true })).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('that cannot be kept are no preload', async () => {
    await expect(preload(url, { ...options(), cache: false })).rejects.toMatchObject({ code: 'unavailable' })
    const full: WeightCache = {
      ...cache,
      put: async () => {
        throw new Error('no space left')
      },
    }
    await expect(preload(url, { ...options(), cache: full })).rejects.toThrow(/was loaded but not kept/)
    expect(warnings.join('\n')).toContain('no space left')
    const broken = { ...full, list: async () => Promise.reject(new Error('no list')) }
    expect(await isCached(url, { cache: broken })).toBe(false)
    await expect(isCached('http://')).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  test('that are cut short are dropped, and the next call downloads them', async () => {
    const whole = served
    served = whole.subarray(0, whole.length - 100)
    for (const loading of [loadModel, loadDeployModel]) {
      const error = await loading(url, options()).catch((error: unknown) => error as Error)
      expect(error).toMatchObject({ code: 'invalid-file' })
      expect((error as Error).message).toContain(`${url}: safetensors: `)
      expect((error as Error).message).toContain('It was dropped from the cache')
      expect(await cache.list()).toEqual([])
    }
    served = whole
    expect((await load()).name).toBe('tiny')
  })
})
