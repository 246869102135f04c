import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { lacking, launchChromium } from '@mobileone/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type * as Hub from '../src/index.ts'
import { bundleHub } from './bundle.ts'
import { type Handler, sendFile, sha256, someBytes, startServer, type TestServer } from './server.ts'

declare global {
  var hub: typeof Hub
}

const body = someBytes(3_000_000)
const hash = sha256(body)
const etag = '"v1"'
const cors = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'ETag, Content-Range' }

describe.skipIf(lacking('chromium'))('in Chromium', () => {
  let folder: string
  let browser: Browser
  let server: TestServer
  let page: Page
  let serveWeights: Handler

  /** The page's own address, and that of the weights: another origin. */
  const pageUrl = (host = '127.0.0.1'): string => `http://${host}:${server.port}/`
  const weightsUrl = (): string => `http://localhost:${server.port}/weights/s0.safetensors`
  const requests = (path: string): number =>
    server.seen.filter((request) => request.url.startsWith(path)).length

  async function answer(request: IncomingMessage, response: ServerResponse, index: number): Promise<void> {
    const path = request.url ?? '/'
    if (path.startsWith('/weights/') || path.startsWith('/hub/'))
      return void serveWeights(request, response, index)
    if (path === '/') {
      const html = `<!doctype html><script type="module">import * as hub from './hub.js'; globalThis.hub = hub</script>`
      response.writeHead(200, { 'content-type': 'text/html' }).end(html)
    } else if (path.endsWith('.js')) {
      response.writeHead(200, { 'content-type': 'text/javascript' })
      response.end(await readFile(join(folder, basename(path))))
    } else response.writeHead(404).end()
  }

  async function open(host?: string): Promise<void> {
    await page.goto(pageUrl(host))
    await page.waitForFunction(() => globalThis.hub !== undefined)
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mobileone-hub-page-'))
    await bundleHub(folder)
    server = await startServer(answer)
    browser = await launchChromium(['--host-resolver-rules=MAP insecure.test 127.0.0.1'])
  })
  afterAll(async () => {
    await browser?.close()
    await server?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
  beforeEach(async () => {
    server.seen.length = 0
    serveWeights = (request, response) => sendFile(request, response, body, { etag, headers: cors })
    await page?.context().close()
    page = await (await browser.newContext()).newPage()
    page.setDefaultTimeout(120_000)
    await open()
  })

  /** One call in the page; what comes back is small. */
  async function fetchInPage(
    source: string,
    options: { sha256?: string; offline?: boolean; endpoint?: string; abortAt?: number; calls?: number } = {},
  ): Promise<{
    results: { sha256: string; fromCache: boolean; length: number }[]
    error?: string
    warnings: string[]
  }> {
    return page.evaluate(
      async ([source, { abortAt, calls = 1, ...options }]) => {
        const warnings: string[] = []
        const controller = new AbortController()
        const call = async (): Promise<{ sha256: string; fromCache: boolean; length: number }> => {
          const result = await globalThis.hub.fetchWeights(source, {
            ...options,
            retryDelayMs: 5,
            signal: controller.signal,
            onWarning: (message) => warnings.push(message),
            onProgress: ({ done }) => {
              if (abortAt !== undefined && done >= abortAt) controller.abort()
            },
          })
          return { sha256: result.sha256, fromCache: result.fromCache, length: result.bytes.length }
        }
        try {
          return { results: await Promise.all(Array.from({ length: calls }, call)), warnings }
        } catch (error) {
          const { code, message } = error as { code?: string; message: string }
          return { results: [], error: `${code}: ${message}`, warnings }
        }
      },
      [source, options] as const,
    )
  }

  test('loads nothing that is for Node', async () => {
    const bundled = (await readdir(folder)).filter((name) => name.endsWith('.js'))
    const loaded = server.seen.map((request) => basename(request.url)).filter((name) => name.endsWith('.js'))
    const isForNode = async (name: string): Promise<boolean> =>
      (await readFile(join(folder, name), 'utf8')).includes('getBuiltinModule("node:')
    const forNode: string[] = []
    for (const name of bundled) if (await isForNode(name)) forNode.push(name)
    expect(forNode).not.toEqual([])
    expect(loaded).toContain('hub.js')
    expect(loaded.filter((name) => forNode.includes(name))).toEqual([])
  })

  test('keeps weights in the Cache API across reloads', async () => {
    const first = await fetchInPage(weightsUrl(), { calls: 3 })
    expect(first.results).toEqual(Array(3).fill({ sha256: hash, fromCache: false, length: body.length }))
    expect(first.warnings).toEqual([])
    expect(requests('/weights/')).toBe(1)
    await open()
    const second = await fetchInPage(weightsUrl(), { offline: true })
    expect(second.results[0]).toEqual({ sha256: hash, fromCache: true, length: body.length })
    expect(requests('/weights/')).toBe(1)

    const listed = await page.evaluate(async (url) => {
      const cache = await globalThis.hub.openDefaultCache()
      const entries = await cache.list()
      const deleted = [await cache.delete(url), await cache.delete(url)]
      return { name: cache.name, entries, deleted, left: (await cache.list()).length }
    }, weightsUrl())
    expect(listed).toMatchObject({ name: 'mobileone-weights-v1', deleted: [true, false], left: 0 })
    expect(listed.entries).toMatchObject([
      { key: weightsUrl(), sha256: hash, size: body.length, validator: etag },
    ])
    expect((await fetchInPage(weightsUrl(), { offline: true })).error).toContain('unavailable: ')
  })

  test('drops a damaged entry', async () => {
    await fetchInPage(weightsUrl())
    await page.evaluate(async (url) => {
      const cache = await caches.open('mobileone-weights-v1')
      const stored = (await cache.match(url))!
      const bytes = new Uint8Array(await stored.arrayBuffer())
      bytes[1000]! ^= 1
      await cache.put(url, new Response(bytes, { headers: stored.headers }))
    }, weightsUrl())
    const again = await fetchInPage(weightsUrl())
    expect(again.results[0]).toMatchObject({ sha256: hash, fromCache: false })
    expect(again.warnings[0]).toContain('is damaged')
    expect((await fetchInPage(weightsUrl())).results[0]?.fromCache).toBe(true)
  })

  test('continues an aborted download after a reload, without a preflight request', async () => {
    serveWeights = (_, response) => {
      response.writeHead(200, { ...cors, etag, 'content-length': String(body.length) })
      response.write(body.subarray(0, 1_500_000))
    }
    expect((await fetchInPage(weightsUrl(), { abortAt: 1_000_000 })).error).toContain('aborted: ')
    serveWeights = (request, response) => sendFile(request, response, body, { etag, headers: cors })
    await open()
    const resumed = await fetchInPage(weightsUrl())
    expect(resumed.results[0]).toMatchObject({ sha256: hash, fromCache: false })
    const [, last] = server.seen.filter((request) => request.url.startsWith('/weights/'))
    expect(last?.headers.range).toMatch(/^bytes=[1-9]\d{6}-$/)
    expect(last?.headers['if-range']).toBeUndefined()
    expect(requests('/weights/')).toBe(2)
  })

  test('starts again when the file changed under an unfinished download', async () => {
    serveWeights = (_, response) => {
      response.writeHead(200, { ...cors, etag, 'content-length': String(body.length) })
      response.write(body.subarray(0, 1_500_000))
    }
    await fetchInPage(weightsUrl(), { abortAt: 1_000_000 })
    const other = someBytes(2_000_000, 3)
    serveWeights = (request, response) => sendFile(request, response, other, { etag: '"v2"', headers: cors })
    expect((await fetchInPage(weightsUrl())).results[0]?.sha256).toBe(sha256(other))
  })

  test('follows a hub to its store, and refuses what is not pinned', async () => {
    const id = 'timm/mobileone_s0.apple_in1k'
    const store = serveWeights
    serveWeights = (request, response, index) => {
      if (!request.url?.startsWith('/hub/')) return store(request, response, index)
      const linked = { 'x-linked-etag': `"${hash}"`, location: weightsUrl() }
      response.writeHead(302, { ...cors, ...linked }).end()
    }
    const endpoint = `http://localhost:${server.port}/hub`
    expect((await fetchInPage(id, { endpoint })).results[0]?.sha256).toBe(hash)
    const refused = await fetchInPage(id, { endpoint, sha256: '0'.repeat(64) })
    expect(refused.error).toContain(`integrity: ${id} has sha256 ${hash}`)
  })

  test('goes on when the quota is exceeded, and says so', async () => {
    const session = await page.context().newCDPSession(page)
    const origin = new URL(pageUrl()).origin
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 100_000 })
    const result = await fetchInPage(weightsUrl())
    expect(result.results[0]).toMatchObject({ sha256: hash, fromCache: false })
    expect(result.warnings.join('\n')).toMatch(
      /was downloaded but not kept in mobileone-weights-v1 \(.*quota/i,
    )
    expect((await fetchInPage(weightsUrl())).results[0]?.fromCache).toBe(false)
  })

  test('goes on without the Cache API on an insecure page, and says so', async () => {
    await open('insecure.test')
    expect(await page.evaluate(() => [isSecureContext, 'caches' in globalThis, 'subtle' in crypto])).toEqual([
      false,
      false,
      false,
    ])
    const result = await fetchInPage(weightsUrl(), { sha256: hash })
    expect(result.results[0]).toMatchObject({ sha256: hash, fromCache: false })
    expect(result.warnings).toEqual([expect.stringContaining('the Cache API needs a secure page')])
    const file = await page.evaluate(async () => {
      const { sha256 } = await globalThis.hub.fetchWeights(new File([new Uint8Array(100)], 'mine.pth'))
      return sha256
    })
    expect(file).toBe(sha256(new Uint8Array(100)))
  })

  test('an unfinished download is continued by one tab only', async () => {
    const claims = await page.evaluate(async () => {
      const { partials } = globalThis.hub.openCacheStorage()
      const key = 'https://h.test/w'
      const writer = await partials!.create(key, { validator: '"v1"' })
      await writer.keep(new Uint8Array(10))
      const claimed = await Promise.all([1, 2, 3].map(() => partials!.claim(key, 100)))
      return claimed.map((claim) => claim?.bytes.length ?? 0).sort()
    })
    expect(claims).toEqual([0, 0, 10])
  })

  test('does not keep a second copy in the HTTP cache', async () => {
    const headers = { ...cors, 'cache-control': 'max-age=3600' }
    serveWeights = (request, response) => sendFile(request, response, body, { etag, headers })
    await fetchInPage(weightsUrl())
    await page.evaluate(async () => (await globalThis.hub.openDefaultCache()).clear())
    await fetchInPage(weightsUrl())
    expect(requests('/weights/')).toBe(2)
  })

  test('reads a File, a URL relative to the page, and explains what it cannot read', async () => {
    const file = await page.evaluate(async () => {
      const result = await globalThis.hub.fetchWeights(new File([new Uint8Array(100)], 'mine.pth'))
      return { ...result, bytes: result.bytes.length }
    })
    expect(file).toMatchObject({ source: 'file:mine.pth', bytes: 100, sha256: sha256(new Uint8Array(100)) })
    expect((await fetchInPage('./weights/s0.safetensors')).results[0]?.sha256).toBe(hash)
    expect((await fetchInPage('s0.safetensors')).error).toContain('relative URLs start with /, ./ or ../')
    serveWeights = (request, response) => sendFile(request, response, body, { etag })
    expect((await fetchInPage(weightsUrl())).error).toContain('CORS')
  })
})
