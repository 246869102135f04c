import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toSafetensors } from '@mobileone/checkpoint'
import { initialize, type Progress, tensor } from '@mobileone/core'
import { openDiskCache, type WeightCache } from '@mobileone/hub'
import { zooNetwork, zooNetworks } from '@mobileone/zoo'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClassifier, isCached, type LoadOptions, loadDeployModel, loadModel } from '../src/index.ts'

const train = initialize(zooNetwork('tinynet_e_silu', { form: 'train', classes: 3 }), {
  seed: 1,
  statistics: 'random',
})
/** Weights alone, as timm saves them. */
const bytes = toSafetensors(train, { graph: false })

describe('networks of a library', () => {
  let folder: string
  let cache: WeightCache
  let endpoint: string
  let close: () => void
  const asked: (string | undefined)[] = []
  const options = (): LoadOptions => ({ cache, endpoint, retries: 0, networks: zooNetworks() })

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mobileone-networks-'))
    cache = await openDiskCache(folder)
    const server = createServer(({ url }, response) => {
      asked.push(url)
      response.writeHead(200, { etag: '"1"', 'content-length': String(bytes.length) })
      response.end(bytes)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    close = () => {
      server.closeAllConnections()
      server.close()
    }
  })
  afterAll(async () => {
    close()
    await rm(folder, { recursive: true, force: true })
  })

  test('are read by their keys, and not without the library', async () => {
    await expect(loadModel(bytes)).rejects.toThrow(
      /not weights of a MobileOne.*@mobileone\/zoo reads those of other/,
    )
    const heard: string[] = []
    const model = await loadModel(bytes, { networks: zooNetworks(), onWarning: (text) => heard.push(text) })
    expect(model.name).toBe('tinynet_e_silu')
    expect(heard.join()).toContain('"tinynet_e" as well')
    const asked = await loadModel(bytes, { networks: zooNetworks({ network: 'tinynet_e' }) })
    expect(asked.nodes.some(({ op }) => op === 'silu')).toBe(false)
  })

  test('are fetched by name, folded once, and must be what the name says', async () => {
    const phases: string[] = []
    const onProgress = ({ phase }: Progress): unknown => phases.push(phase)
    const first = await loadDeployModel('tinynet_e_silu', { ...options(), onProgress })
    expect(asked[0]).toContain('timm/tinynet_e.in1k')
    expect(phases).toContain('fold')
    expect(await isCached('tinynet_e_silu', options())).toBe(true)
    phases.length = 0
    const second = await loadDeployModel('tinynet_e_silu', { ...options(), onProgress })
    expect(phases).not.toContain('fold')
    expect([second.name, second.nodes, second.card]).toEqual([first.name, first.nodes, first.card])
    expect(second.card?.preprocess).toMatchObject({ size: [106, 106], resize: 121, interpolation: 'bicubic' })
    await expect(loadModel('resnet18', options())).rejects.toThrow(/missing: conv1\.weight, /)
    await expect(loadModel('tinynet_d', options())).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('classify', async () => {
    await using classifier = await createClassifier({
      model: bytes,
      networks: zooNetworks({ network: 'tinynet_e_silu' }),
      labels: ['a', 'b', 'c'],
      decoder: false,
    })
    const pixels = { width: 120, height: 130, data: new Uint8ClampedArray(120 * 130 * 3).fill(90) }
    expect(await classifier.classify(pixels)).toHaveLength(3)
    expect(await classifier.embed(pixels)).toHaveLength(1280)
    expect((await classifier.logits(tensor([1, 3, 106, 106]))).length).toBe(3)
  })
})
