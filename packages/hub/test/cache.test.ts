import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { fetchWeights, openDefaultCache, openDiskCache, type WeightCache } from '../src/index.ts'
import { failure, hubContext } from './hub-context.ts'
import { sendFile, sha256, someBytes } from './server.ts'

const body = someBytes(800_000)
const hash = sha256(body)
const etag = '"v1"'

describe('calls at the same time', () => {
  const hub = hubContext()

  test('share one download, and each has its own bytes', async () => {
    await hub.serve((request, response) => {
      setTimeout(() => sendFile(request, response, body, { etag }), 50)
    })
    const heard = [0, 0, 0]
    const results = await Promise.all(
      heard.map((_, i) =>
        fetchWeights(hub.server.url, { ...hub.options, onProgress: () => void heard[i]!++ }),
      ),
    )
    expect(hub.server.seen).toHaveLength(1)
    expect(results.map((result) => [result.sha256, result.fromCache])).toEqual(Array(3).fill([hash, false]))
    expect(new Set(results.map((result) => result.bytes.buffer)).size).toBe(3)
    expect(heard[0]).toBeGreaterThan(0)
    expect(new Set(heard).size).toBe(1)
  })

  test('go on when one of them aborts, and stop when all have', async () => {
    let finish = (): void => {}
    let isClosed = false
    await hub.serve((_, response) => {
      response.on('close', () => {
        isClosed = true
      })
      response.writeHead(200, { etag, 'content-length': String(body.length) })
      response.write(body.subarray(0, 400_000))
      finish = () => response.end(body.subarray(400_000))
    })
    const start = (signal: AbortSignal): Promise<unknown> =>
      fetchWeights(hub.server.url, { ...hub.options, signal })
    const [a, b, c] = [new AbortController(), new AbortController(), new AbortController()]
    const [first, second] = [failure(start(a.signal)), start(b.signal)]
    await vi.waitFor(() => expect(hub.server.seen).toHaveLength(1))
    a.abort()
    expect((await first).code).toBe('aborted')
    finish()
    expect(await second).toMatchObject({ sha256: hash })
    expect(hub.server.seen).toHaveLength(1)

    isClosed = false
    await hub.cache.clear()
    const both = [failure(start(b.signal)), failure(start(c.signal))]
    await vi.waitFor(() => expect(hub.server.seen).toHaveLength(2))
    b.abort()
    c.abort()
    expect((await Promise.all(both)).map((error) => error.code)).toEqual(['aborted', 'aborted'])
    await vi.waitFor(() => expect(isClosed).toBe(true))
  })

  test('started while an aborted one still cleans up is not aborted with it', async () => {
    let letGo = (): void => {}
    const keeping = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const slow = { append: async () => {}, keep: () => keeping, discard: async () => {} }
    const partials = { claim: async () => undefined, create: async () => slow }
    const options = { ...hub.options, cache: { ...hub.cache, name: 'slow', partials } }
    await hub.serve((request, response, index) => {
      if (index > 0) return sendFile(request, response, body, { etag })
      response.writeHead(200, { etag, 'content-length': String(body.length) })
      response.write(body.subarray(0, 400_000))
    })
    const controller = new AbortController()
    const onProgress = (): void => controller.abort()
    const first = failure(fetchWeights(hub.server.url, { ...options, signal: controller.signal, onProgress }))
    await vi.waitFor(() => expect(controller.signal.aborted).toBe(true))
    expect(await fetchWeights(hub.server.url, options)).toMatchObject({ sha256: hash, fromCache: false })
    letGo()
    expect((await first).code).toBe('aborted')
  })

  test('with different pins do not share', async () => {
    await hub.serve((request, response) => sendFile(request, response, body, { etag }))
    const [good, bad] = await Promise.allSettled([
      fetchWeights(hub.server.url, { ...hub.options, sha256: hash }),
      fetchWeights(hub.server.url, { ...hub.options, sha256: '0'.repeat(64) }),
    ])
    expect(good).toMatchObject({ status: 'fulfilled', value: { sha256: hash } })
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'integrity' } })
    expect((await hub.cache.list()).map((entry) => entry.sha256)).toEqual([hash])
  })

  test('through separate caches in one directory all succeed', async () => {
    await hub.serve((request, response) => sendFile(request, response, body, { etag }))
    const names = ['', '/', '/.', '//']
    const caches = await Promise.all(names.map((suffix) => openDiskCache(hub.directory + suffix)))
    const puts = caches.map((cache, i) => {
      const entry = {
        key: 'https://h.test/w',
        sha256: hash,
        size: body.length,
        savedAt: new Date(i).toISOString(),
      }
      return cache.put(entry, body)
    })
    await Promise.all(puts)
    expect(Buffer.compare((await hub.cache.get('https://h.test/w'))!.bytes, body)).toBe(0)
    expect(await hub.files()).toHaveLength(2)
  })
})

describe('a cache on disk', () => {
  const hub = hubContext()

  test.each([
    ['a flipped bit', (bytes: Buffer) => bytes.fill(bytes[9]! ^ 1, 9, 10)],
    ['a missing end', (bytes: Buffer) => bytes.subarray(0, 1000)],
  ])('drops an entry with %s and downloads it again', async (_, damage) => {
    await hub.serve((request, response) => sendFile(request, response, body))
    await fetchWeights(hub.server.url, hub.options)
    const blob = join(hub.directory, 'blobs', hash)
    await writeFile(blob, damage(await readFile(blob)))
    const offline = await failure(fetchWeights(hub.server.url, { ...hub.options, offline: true }))
    expect(offline.code).toBe('unavailable')
    const again = await fetchWeights(hub.server.url, hub.options)
    expect(again).toMatchObject({ sha256: hash, fromCache: false })
    expect(hub.warnings[0]).toContain('is damaged')
    expect((await fetchWeights(hub.server.url, hub.options)).fromCache).toBe(true)
  })

  test.each([{ offline: true }, { refresh: false }, { refresh: true }])(
    'keeps a file that is larger than a call allows: %j',
    async (how) => {
      await hub.serve((request, response) => sendFile(request, response, body, { etag }))
      await fetchWeights(hub.server.url, hub.options)
      const error = await failure(fetchWeights(hub.server.url, { ...hub.options, ...how, maxBytes: 1000 }))
      expect(error).toMatchObject({ code: 'invalid-file' })
      expect(error.message).toContain('over the limit of 1000')
      expect(hub.warnings).toEqual([])
      expect((await fetchWeights(hub.server.url, { ...hub.options, offline: true })).fromCache).toBe(true)
    },
  )

  test('lists what it has beside a directory among its entries', async () => {
    await hub.serve((request, response) => sendFile(request, response, body))
    await fetchWeights(hub.server.url, hub.options)
    await mkdir(join(hub.directory, 'entries', 'notes.json'))
    expect((await hub.cache.list()).map((entry) => entry.sha256)).toEqual([hash])
    expect(await hub.cache.delete(`${hub.server.url}/`)).toBe(true)
  })

  test('survives unreadable entries and missing blobs', async () => {
    await hub.serve((request, response) => sendFile(request, response, body))
    await fetchWeights(hub.server.url, hub.options)
    const entry = join(hub.directory, (await hub.files()).find((name) => name.startsWith('entries'))!)
    await writeFile(entry, '{"key":')
    expect(await hub.cache.list()).toEqual([])
    expect((await fetchWeights(hub.server.url, hub.options)).fromCache).toBe(false)
    await writeFile(join(hub.directory, 'blobs', hash), '')
    expect((await fetchWeights(hub.server.url, hub.options)).fromCache).toBe(false)
  })

  test('lists, shares equal blobs, deletes and clears', async () => {
    await hub.serve((request, response) => sendFile(request, response, body, { etag }))
    const [a, b] = [`${hub.server.url}/a`, `${hub.server.url}/b`]
    await fetchWeights(a, hub.options)
    await fetchWeights(b, hub.options)
    const entries = await hub.cache.list()
    expect(entries.map((entry) => entry.key).sort()).toEqual([a, b])
    expect(entries[0]).toMatchObject({ sha256: hash, size: body.length, validator: etag })
    expect(Date.parse(entries[0]!.savedAt)).toBeGreaterThan(Date.now() - 60_000)
    expect((await hub.files()).filter((name) => name.startsWith('blobs'))).toHaveLength(1)

    expect(await hub.cache.delete(a)).toBe(true)
    expect(await hub.cache.delete(a)).toBe(false)
    expect((await hub.cache.get(b))?.bytes.length).toBe(body.length)
    expect(await hub.cache.delete(b)).toBe(true)
    expect(await hub.files()).toEqual([])
    await fetchWeights(b, hub.options)
    await hub.cache.clear()
    expect(await hub.files()).toEqual([])
    expect(await hub.cache.list()).toEqual([])
  })

  test('that cannot be written is warned about, and the bytes come all the same', async () => {
    await hub.serve((request, response) => sendFile(request, response, body, { etag }))
    const file = join(hub.directory, 'not-a-folder')
    await writeFile(file, '')
    const cache = await openDiskCache(join(file, 'cache'))
    const result = await fetchWeights(hub.server.url, { ...hub.options, cache })
    expect(result).toMatchObject({ sha256: hash, fromCache: false })
    expect(hub.warnings.join('\n')).toContain('was downloaded but not kept')
  })

  test('refresh downloads only what changed', async () => {
    let [served, tag] = [body, etag]
    await hub.serve((request, response) => sendFile(request, response, served, { etag: tag }))
    const refresh = { ...hub.options, refresh: true }
    const keep = { ...hub.options, refresh: false }
    expect((await fetchWeights(hub.server.url, refresh)).fromCache).toBe(false)
    expect((await fetchWeights(hub.server.url, refresh)).fromCache).toBe(true)
    expect(hub.server.seen[1]?.headers['if-none-match']).toBe(etag)
    ;[served, tag] = [someBytes(1000, 4), '"v2"']
    expect((await fetchWeights(hub.server.url, keep)).sha256).toBe(hash)
    expect(hub.server.seen).toHaveLength(2)
    expect((await fetchWeights(hub.server.url, refresh)).sha256).toBe(sha256(served))
    expect((await fetchWeights(hub.server.url, hub.options)).sha256).toBe(sha256(served))
    expect((await hub.files()).filter((name) => name.startsWith('blobs'))).toEqual([
      join('blobs', sha256(served)),
    ])
  })

  test('keeps the old bytes of a file that is replaced under one of two addresses', async () => {
    const key = (name: string): string => `https://h.test/${name}`
    const put = (name: string, bytes: Uint8Array): Promise<void> =>
      hub.cache.put(
        { key: key(name), sha256: sha256(bytes), size: bytes.length, savedAt: new Date(0).toISOString() },
        bytes,
      )
    for (const name of ['a', 'b']) await put(name, body)
    await put('a', someBytes(10))
    expect((await hub.cache.get(key('b')))?.bytes).toHaveLength(body.length)
    await put('b', someBytes(10))
    expect((await hub.files()).filter((name) => name.startsWith('blobs'))).toHaveLength(1)
  })

  test('of one’s own may fail in every way', async () => {
    await hub.serve((request, response) => sendFile(request, response, body, { etag }))
    const broken = async (): Promise<never> => {
      throw new Error('quota exceeded')
    }
    const partials = { claim: broken, create: broken }
    const cache = {
      name: 'mine',
      get: broken,
      put: broken,
      delete: broken,
      list: broken,
      clear: broken,
      partials,
    }
    const result = await fetchWeights(hub.server.url, { ...hub.options, cache: cache satisfies WeightCache })
    expect(result.sha256).toBe(hash)
    expect(hub.warnings).toHaveLength(3)
    expect(hub.warnings.every((warning) => warning.includes('mine (quota exceeded)'))).toBe(true)
  })

  test('is where MOBILEONE_CACHE or XDG_CACHE_HOME says', async () => {
    vi.stubEnv('XDG_CACHE_HOME', hub.directory)
    expect((await openDefaultCache()).name).toBe(join(hub.directory, 'mobileone'))
    vi.stubEnv('MOBILEONE_CACHE', join(hub.directory, 'mine'))
    expect((await openDefaultCache()).name).toBe(join(hub.directory, 'mine'))
    vi.stubEnv('MOBILEONE_CACHE', '')
    vi.stubEnv('XDG_CACHE_HOME', 'relative')
    vi.stubEnv('HOME', '/home/someone')
    if (process.platform === 'linux') {
      expect((await openDefaultCache()).name).toBe('/home/someone/.cache/mobileone')
    }
    vi.unstubAllEnvs()
  })
})

describe('offline', () => {
  const hub = hubContext()

  test('reads only the cache, and says what to run', async () => {
    await hub.serve((request, response) => sendFile(request, response, body))
    const id = 'timm/mobileone_s0.apple_in1k'
    const options = { ...hub.options, endpoint: hub.server.url }
    const error = await failure(fetchWeights(id, { ...options, offline: true }))
    expect(error.code).toBe('unavailable')
    expect(error.message).toContain(`npx @mobileone/cli pull ${id}`)
    expect(error.message).toContain(hub.directory)
    expect(hub.server.seen).toHaveLength(0)
    await fetchWeights(id, options)
    vi.stubEnv('MOBILEONE_OFFLINE', '1')
    try {
      expect((await fetchWeights(id, { ...options, refresh: true })).fromCache).toBe(true)
      expect((await failure(fetchWeights(`${id}@v2`, options))).message).toContain(
        `npx @mobileone/cli pull ${id}@v2`,
      )
      expect((await fetchWeights(`${id}@v2`, { ...options, offline: false })).sha256).toBe(hash)
    } finally {
      vi.unstubAllEnvs()
    }
    expect(hub.server.seen).toHaveLength(2)
  })

  test('without a cache is refused', async () => {
    const error = await failure(fetchWeights('https://h.test/x', { cache: false, offline: true }))
    expect(error.code).toBe('unavailable')
    expect(error.message).toContain('npx @mobileone/cli pull https://h.test/x')
  })
})
