import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { dropCached, fetchWeights } from '../src/index.ts'
import { failure, hubContext } from './hub-context.ts'
import { sendFile, sha256, someBytes } from './server.ts'

const [old, replaced] = [someBytes(300_000), someBytes(300_000, 7)]

describe('a cached file whose address can get other contents', () => {
  const hub = hubContext()

  test.each([
    ['a strong ETag', { etag: '"v1"' }, { etag: '"v2"' }],
    ['a weak ETag', { etag: 'W/"v1"' }, { etag: 'W/"v2"' }],
    [
      'Last-Modified',
      { lastModified: 'Mon, 01 Jan 2024 00:00:00 GMT' },
      { lastModified: 'Tue, 02 Jan 2024 00:00:00 GMT' },
    ],
  ])('is asked about by %s, and downloaded again when it was replaced', async (_, before, after) => {
    let [body, version]: [Uint8Array, typeof before] = [old, before]
    await hub.serve((request, response) => sendFile(request, response, body, version))
    const first = await fetchWeights(hub.server.url, hub.options)
    expect(await fetchWeights(hub.server.url, hub.options)).toMatchObject({
      sha256: first.sha256,
      fromCache: true,
    })
    ;[body, version] = [replaced, after as typeof before]
    const third = await fetchWeights(hub.server.url, hub.options)
    expect(third).toMatchObject({ sha256: sha256(replaced), fromCache: false })
    expect((await hub.cache.list()).map((entry) => entry.sha256)).toEqual([sha256(replaced)])
    expect(hub.warnings).toEqual([])
  })

  test('is used without asking where it is pinned, a commit, named by its hash or without a version', async () => {
    await hub.serve((request, response) => {
      const etag = request.url?.includes('plain') ? undefined : '"v1"'
      sendFile(request, response, old, etag === undefined ? {} : { etag })
    })
    const hash = sha256(old)
    const { url } = hub.server
    const calls = [
      () => fetchWeights(`${url}/pinned`, { ...hub.options, sha256: hash }),
      () => fetchWeights(`${url}/${hash}.pth`, hub.options),
      () => fetchWeights(`${url}/plain`, hub.options),
      () => fetchWeights(`${url}/never`, { ...hub.options, refresh: false }),
      () => fetchWeights(`timm/x@${'0a'.repeat(20)}`, { ...hub.options, endpoint: url }),
    ]
    for (const call of calls) await call()
    for (const call of calls) expect((await call()).fromCache).toBe(true)
    expect(hub.server.seen).toHaveLength(calls.length)
  })

  test.each([
    ['nobody answers', 'ECONNREFUSED'],
    ['the server is busy', '503'],
    ['the address is gone', '404'],
    ['a login page is there now', 'text/html'],
  ])('serves when %s, at once and with a warning', async (_, reason) => {
    await hub.serve((request, response, index) => {
      if (index === 0) sendFile(request, response, old, { etag: '"v1"' })
      else if (reason === 'text/html')
        response.writeHead(200, { 'content-type': reason }).end('<html>log in</html>')
      else response.writeHead(Number(reason)).end()
    })
    const { url } = hub.server
    await fetchWeights(url, hub.options)
    if (reason === 'ECONNREFUSED') await hub.server[Symbol.asyncDispose]()
    expect(await fetchWeights(url, { ...hub.options, retryDelayMs: 10_000 })).toMatchObject({
      sha256: sha256(old),
      fromCache: true,
    })
    expect(hub.warnings).toHaveLength(1)
    expect(hub.warnings[0]).toMatch(/cannot tell whether .* has changed, so the copy of 20.* is used/)
    expect(hub.warnings[0]).toContain(reason)
    const error = await failure(fetchWeights(url, { ...hub.options, refresh: true, retries: 0 }))
    expect(error.message).toContain(reason)
  })

  test('is compared by what the server names where it knows no conditional requests', async () => {
    let isClosed = false
    await hub.serve((_, response) => {
      response.on('close', () => {
        isClosed = true
      })
      response.writeHead(200, { etag: '"v1"', 'content-length': String(old.length) })
      if (hub.server.seen.length === 1) response.end(old)
      else response.write(old.subarray(0, 10))
    })
    await fetchWeights(hub.server.url, hub.options)
    isClosed = false
    expect((await fetchWeights(hub.server.url, hub.options)).fromCache).toBe(true)
    await vi.waitFor(() => expect(isClosed).toBe(true))
  })

  test('is known by the hash the hub announces, without following its redirect', async () => {
    const hash = sha256(old)
    await hub.serve((request, response) => {
      if (request.url === '/store') return sendFile(request, response, old, { etag: '"store"' })
      response.writeHead(302, { location: '/store', 'x-linked-etag': `"${hash}"` }).end()
    })
    const options = { ...hub.options, endpoint: hub.server.url }
    await fetchWeights('timm/x', options)
    expect((await fetchWeights('timm/x', options)).fromCache).toBe(true)
    expect(hub.server.seen.map(({ url }) => url)).toEqual([
      '/timm/x/resolve/main/model.safetensors',
      '/store',
      '/timm/x/resolve/main/model.safetensors',
    ])
  })

  test('is dropped when the caller cannot read it, and then downloaded again', async () => {
    let body = old.subarray(0, 1000)
    await hub.serve((_, response) => {
      response.writeHead(200, { etag: '"same"', connection: 'close' })
      response.write(body)
      response.end()
    })
    const cut = await fetchWeights(hub.server.url, hub.options)
    expect(await dropCached(cut)).toBe(true)
    expect(await dropCached(cut)).toBe(false)
    expect(await hub.files()).toEqual([])
    body = old
    expect((await fetchWeights(hub.server.url, hub.options)).sha256).toBe(sha256(old))
    expect(await dropCached(await fetchWeights(old))).toBe(false)
  })
})

describe('hashing', () => {
  const hub = hubContext()
  const big = new Uint8Array(256 * 2 ** 20)

  test('of a large file leaves the thread to others and can be aborted', { retry: 2 }, async () => {
    let longest = 0
    let last = performance.now()
    const turns = setInterval(() => {
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }, 1)
    const phases = new Set<string>()
    await fetchWeights(big, { onProgress: ({ phase }) => phases.add(phase) })
    clearInterval(turns)
    expect(longest).toBeGreaterThan(0)
    expect(longest).toBeLessThan(250)
    expect([...phases]).toContain('verify')

    const controller = new AbortController()
    setTimeout(() => controller.abort(), 10)
    const error = await failure(fetchWeights(big, { signal: controller.signal }))
    expect(error.code).toBe('aborted')
  })

  test('without the Web Cryptography API gives the same, in slices', async () => {
    const { browserPlatform } = await import('../src/browser/platform.ts')
    const done: number[] = []
    const pace = async (at: number): Promise<void> => void done.push(at)
    const subtle = await browserPlatform.sha256(old, pace)
    expect(done).toEqual([])
    vi.stubGlobal('crypto', undefined)
    try {
      expect(await browserPlatform.sha256(old, pace)).toBe(subtle)
    } finally {
      vi.unstubAllGlobals()
    }
    expect(done).toEqual([2 ** 18, old.length])
    expect(subtle).toBe(sha256(old))
  })

  test('finds a damaged cached copy while the server is asked about it', async () => {
    await hub.serve((request, response) => sendFile(request, response, old, { etag: '"v1"' }))
    await fetchWeights(hub.server.url, hub.options)
    const blob = join(hub.directory, 'blobs', sha256(old))
    await writeFile(blob, (await readFile(blob)).fill(0))
    expect(await fetchWeights(hub.server.url, hub.options)).toMatchObject({ sha256: sha256(old) })
  })
})
