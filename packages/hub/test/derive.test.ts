import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { derive, fetchWeights } from '../src/index.ts'
import { failure, hubContext } from './hub-context.ts'
import { sendFile, sha256, someBytes } from './server.ts'

describe('what is made of a file', () => {
  const hub = hubContext()
  const decode = (bytes: Uint8Array): string => {
    const text = new TextDecoder().decode(bytes)
    if (!text.startsWith('made')) throw new Error('not made')
    return text
  }
  let made = 0
  const make = async () => {
    const value = `made ${++made}`
    return { value, toBytes: () => new TextEncoder().encode(value) }
  }

  async function file() {
    made = 0
    await hub.serve((request, response) => sendFile(request, response, someBytes(1000)))
    return fetchWeights(hub.server.url, hub.options)
  }
  const derived = async () =>
    (await hub.cache.list()).filter(({ key }) => key.startsWith('https://derived.invalid/'))

  test('is made once for each recipe, and the last recipe is kept', async () => {
    const from = await file()
    expect(await derive(from, { recipe: 'v1' }, decode, make)).toBe('made 1')
    expect(await derive(from, { recipe: 'v1' }, decode, make)).toBe('made 1')
    expect(await derive(from, { recipe: 'v2' }, decode, make)).toBe('made 2')
    expect(await derived()).toHaveLength(1)
    expect(await derive(from, { recipe: 'v1' }, decode, make)).toBe('made 3')
    expect(await hub.cache.list()).toHaveLength(2)
  })

  test('is made again when the kept bytes are damaged or cannot be read', async () => {
    const from = await file()
    const options = { recipe: 'v1', onWarning: (message: string) => hub.warnings.push(message) }
    await derive(from, options, decode, make)
    const [entry] = await derived()
    const blob = join(hub.directory, 'blobs', entry!.sha256)
    await writeFile(blob, (await readFile(blob)).fill(65))
    expect(await derive(from, options, decode, make)).toBe('made 2')
    const bytes = new TextEncoder().encode('other')
    await hub.cache.put({ ...entry!, sha256: sha256(bytes), size: bytes.length }, bytes)
    expect(await derive(from, options, decode, make)).toBe('made 3')
    expect(hub.warnings).toHaveLength(2)
    expect(hub.warnings.every((warning) => warning.includes('is damaged'))).toBe(true)
    expect(await derive(from, options, decode, make)).toBe('made 3')
  })

  test('is made each time without a cache, and where it is not worth keeping', async () => {
    const from = await file()
    const without = { sha256: from.sha256, cached: undefined }
    for (const expected of ['made 1', 'made 2'])
      expect(await derive(without, { recipe: 'v1' }, decode, make)).toBe(expected)
    const asIs = async () => ({ ...(await make()), toBytes: undefined })
    expect(await derive(from, { recipe: 'v1' }, decode, asIs)).toBe('made 3')
    expect(await derived()).toEqual([])
    const broken = async (): Promise<never> => {
      throw new Error('cannot be made')
    }
    expect((await failure(derive(from, { recipe: 'v1' }, decode, broken))).message).toBe('cannot be made')
  })

  test('goes when no address has the file that it was made of any more', async () => {
    made = 0
    let version = 1
    await hub.serve((request, response) =>
      sendFile(request, response, someBytes(1000, version), { etag: `"${version}"` }),
    )
    const [a, b] = [`${hub.server.url}/a`, `${hub.server.url}/b`]
    const [first] = [await fetchWeights(a, hub.options), await fetchWeights(b, hub.options)]
    await derive(first, { recipe: 'v1' }, decode, make)
    version = 2
    await fetchWeights(a, hub.options)
    expect(await derived()).toHaveLength(1)
    await derive(await fetchWeights(b, hub.options), { recipe: 'v1' }, decode, make)
    expect((await derived()).map(({ key }) => key)).toEqual([
      `https://derived.invalid/${sha256(someBytes(1000, 2))}/v1`,
    ])
  })

  test('comes all the same when the cache fails', async () => {
    const from = await file()
    const broken = async (): Promise<never> => {
      throw new Error('quota exceeded')
    }
    const cache = { ...hub.cache, get: broken, put: broken }
    const cached = { cache, key: from.cached!.key }
    const onWarning = (message: string) => void hub.warnings.push(message)
    expect(await derive({ ...from, cached }, { recipe: 'v1', onWarning }, decode, make)).toBe('made 1')
    expect(hub.warnings.map((warning) => warning.includes('quota exceeded'))).toEqual([true, true])
  })
})
