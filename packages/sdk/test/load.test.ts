import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toSafetensors } from '@mobileone/checkpoint'
import { initialize, type Model, mobileone, type Progress } from '@mobileone/core'
import { openDiskCache, type WeightCache } from '@mobileone/hub'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type LoadOptions, loadDeployModel, loadModel } from '../src/load.ts'

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
