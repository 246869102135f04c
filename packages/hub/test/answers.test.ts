import { describe, expect, test, vi } from 'vitest'
import { detectErrorPage } from '../src/detect-error-page.ts'
import { fetchWeights, toIntegrity } from '../src/index.ts'
import { parseRetryAfter, retryDelay } from '../src/retry.ts'
import { failure, hubContext } from './hub-context.ts'
import { sendFile, sha256, someBytes } from './server.ts'

const body = someBytes(300_000)
const hash = sha256(body)

describe('HTTP errors', () => {
  const hub = hubContext()

  test.each([
    [404, 'check the address'],
    [401, 'check the address'],
    [403, 'check the address'],
    [410, 'check the address'],
    [501, 'check the address'],
  ])('%i is final', async (status, advice) => {
    await hub.serve((_, response) => response.writeHead(status).end('no'))
    const error = await failure(fetchWeights(`${hub.server.url}/s0.pth?key=secret`, hub.options))
    expect(error.code).toBe('network')
    expect(error.message).toContain(`${hub.server.url}/s0.pth`)
    expect(error.message).toContain(String(status))
    expect(error.message).toContain(advice)
    expect(error.message).not.toContain('secret')
    expect(hub.server.seen).toHaveLength(1)
    expect(await hub.files()).toEqual([])
  })

  test('an answer nobody reads does not hold its connection', async () => {
    let isClosed = false
    await hub.serve((_, response) => {
      response.on('close', () => {
        isClosed = true
      })
      response.writeHead(404).write('and so on …')
    })
    expect((await failure(fetchWeights(hub.server.url, hub.options))).message).toContain('404')
    await vi.waitFor(() => expect(isClosed).toBe(true))
  })

  test('a hub file that is refused names the token, and what the hub said', async () => {
    await hub.serve((_, response) =>
      response.writeHead(401, { 'x-error-message': 'Repository not found' }).end(),
    )
    const error = await failure(fetchWeights('timm/nothing', { ...hub.options, endpoint: hub.server.url }))
    expect(error.message).toContain('timm/nothing')
    expect(error.message).toContain('Repository not found')
    expect(error.message).toContain('HF_TOKEN')
  })

  test('429 waits as long as Retry-After says', async () => {
    await hub.serve((request, response, index) => {
      if (index === 0) response.writeHead(429, { 'retry-after': '1' }).end()
      else sendFile(request, response, body)
    })
    const start = performance.now()
    expect((await fetchWeights(hub.server.url, hub.options)).sha256).toBe(hash)
    expect(performance.now() - start).toBeGreaterThan(950)
    expect(hub.warnings[0]).toContain('429')
  })

  test('a wait of more than a minute is left to the caller', async () => {
    await hub.serve((_, response) => response.writeHead(429, { 'retry-after': '3600' }).end())
    const error = await failure(fetchWeights(hub.server.url, hub.options))
    expect(error.message).toContain('wait 3600 s')
    expect(hub.server.seen).toHaveLength(1)
  })

  test.each([500, 502, 503, 504, 408])('%i is tried again', async (status) => {
    await hub.serve((request, response, index) => {
      if (index < 2) response.writeHead(status).end('busy')
      else sendFile(request, response, body)
    })
    expect((await fetchWeights(hub.server.url, hub.options)).sha256).toBe(hash)
    expect(hub.server.seen).toHaveLength(3)
  })

  test('no server at all is a network error that names the reason', async () => {
    await hub.serve(() => {})
    const { url } = hub.server
    await hub.server[Symbol.asyncDispose]()
    const error = await failure(fetchWeights(url, { ...hub.options, retries: 1 }))
    expect(error.code).toBe('network')
    expect(error.message).toContain('ECONNREFUSED')
    expect(error.cause).toBeDefined()
  })

  test('says what is wrong once, not with every retry', async () => {
    await hub.serve(() => {})
    const { url } = hub.server
    await hub.server[Symbol.asyncDispose]()
    const error = await failure(fetchWeights(url, { ...hub.options, retries: 4 }))
    expect(error.message).toMatch(/check the network and the address \(gave up after 5 attempts\)$/)
    expect(hub.warnings).toHaveLength(4)
    expect(hub.warnings[0]).toMatch(/no connection to .*ECONNREFUSED\)\. Retry 1 of 4 in/)
    for (const warning of hub.warnings.slice(1)) expect(warning.length).toBeLessThan(80)
    expect(hub.warnings.join('\n')).not.toContain('CORS')
  })

  test('a token with a line break is not shown, and nothing is asked', async () => {
    await hub.serve((request, response) => sendFile(request, response, body))
    const options = { ...hub.options, endpoint: hub.server.url }
    await fetchWeights('timm/x', { ...options, token: 'hf_secret\n' })
    expect(hub.server.seen[0]?.headers.authorization).toBe('Bearer hf_secret')
    vi.stubEnv('HF_TOKEN', 'hf_secret\nsecond')
    try {
      const error = await failure(fetchWeights('timm/y', options))
      expect(error.code).toBe('invalid-argument')
      expect(error.message).toContain('HF_TOKEN has a character that cannot be in a token, number 10 of 16')
      expect(error.message).not.toMatch(/secret|second/)
    } finally {
      vi.unstubAllEnvs()
    }
    expect(hub.server.seen).toHaveLength(1)
    expect(hub.warnings).toEqual([])
  })

  test('Retry-After may be a date; delays grow, are bounded and jittered', () => {
    const now = Date.parse('2024-01-01T00:00:00Z')
    expect(parseRetryAfter('Mon, 01 Jan 2024 00:00:10 GMT', now)).toBe(10_000)
    expect(parseRetryAfter('Sun, 31 Dec 2023 00:00:00 GMT', now)).toBe(0)
    expect(parseRetryAfter(' 7 ', now)).toBe(7000)
    expect(parseRetryAfter('soon', now)).toBeUndefined()
    for (const [retry, longest] of [
      [1, 500],
      [3, 2000],
      [30, 30_000],
    ] as const) {
      const delay = retryDelay(retry, 500, undefined)
      expect(delay).toBeGreaterThanOrEqual(longest / 2)
      expect(delay).toBeLessThanOrEqual(longest)
    }
    expect(retryDelay(1, 500, 9000)).toBe(9000)
  })
})

describe('answers that are not the file', () => {
  const hub = hubContext()

  test.each([
    ['a page', '<!DOCTYPE html>\n<html><body>sign in</body></html>', 'a web page'],
    ['a page after white space', '\ufeff\n  <html lang="en">', 'a web page'],
    [
      'an LFS pointer',
      'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n',
      'a Git LFS pointer',
    ],
    ['JSON', '{"error":"Entry not found"}', 'JSON'],
  ])('%s', async (_, text, what) => {
    await hub.serve((__, response) => response.writeHead(200, { etag: '"page"' }).end(text))
    const error = await failure(fetchWeights(`${hub.server.url}/s0.safetensors`, hub.options))
    expect(error.code).toBe('invalid-file')
    expect(error.message).toContain(`${hub.server.url}/s0.safetensors is ${what}`)
    expect(hub.server.seen).toHaveLength(1)
    expect(await hub.files()).toEqual([])
  })

  test.each(['text/html; charset=utf-8', 'text/plain', 'TEXT/markdown'])('%s', async (type) => {
    await hub.serve((request, response) =>
      sendFile(request, response, body, { etag: '"t"', headers: { 'content-type': type } }),
    )
    const error = await failure(fetchWeights(hub.server.url, hub.options))
    expect(error.code).toBe('invalid-file')
    expect(error.message).toContain(`is served as ${type.split(';')[0]!.toLowerCase()}, not weights`)
    expect(hub.server.seen).toHaveLength(1)
    expect(await hub.files()).toEqual([])
    expect((await fetchWeights(hub.server.url, { ...hub.options, sha256: hash })).sha256).toBe(hash)
  })

  test('a page that arrives byte by byte', async () => {
    await hub.serve(async (_, response) => {
      response.writeHead(200, { etag: '"page"' })
      for (const byte of Buffer.from('<html>slow')) {
        response.write(Buffer.of(byte))
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      response.end()
    })
    const error = await failure(fetchWeights(hub.server.url, hub.options))
    expect(error.code).toBe('invalid-file')
    expect(await hub.files()).toEqual([])
  })

  test('weights are not mistaken for text', () => {
    const safetensors = new Uint8Array(64)
    safetensors.set([0x3c, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x22])
    expect(detectErrorPage(safetensors)).toBeUndefined()
    expect(detectErrorPage(Uint8Array.of(0x80, 0x02, 0x8a))).toBeUndefined()
    expect(detectErrorPage(Buffer.from('PK\u0003\u0004'))).toBeUndefined()
    expect(detectErrorPage(new Uint8Array(0))).toBeUndefined()
  })

  test('nothing', async () => {
    await hub.serve((_, response, index) => {
      if (index === 0) response.writeHead(200, { 'content-length': '0' }).end()
      else response.writeHead(200).end()
    })
    for (const _ of [0, 1]) {
      const error = await failure(fetchWeights(hub.server.url, hub.options))
      expect(error.code).toBe('invalid-file')
      expect(error.message).toContain('is empty')
    }
  })

  test('more than maxBytes, announced or not', async () => {
    let chunked = false
    await hub.serve((request, response) => sendFile(request, response, body, { etag: '"x"', chunked }))
    for (chunked of [false, true]) {
      const error = await failure(fetchWeights(hub.server.url, { ...hub.options, maxBytes: 100_000 }))
      expect(error.code).toBe('invalid-file')
      expect(error.message).toContain('over the limit of 100000')
      expect(error.message.includes(`${body.length} bytes`)).toBe(!chunked)
      expect(await hub.files()).toEqual([])
    }
  })

  test('a length the server lies about allocates nothing', async () => {
    await hub.serve((_, response) => {
      response.writeHead(200, { etag: '"x"', 'content-length': String(900 * 2 ** 20) })
      response.write(body, () => setTimeout(() => response.destroy(), 20))
    })
    const before = process.memoryUsage().arrayBuffers
    const error = await failure(fetchWeights(hub.server.url, { ...hub.options, retries: 0 }))
    expect(error.code).toBe('network')
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50 * 2 ** 20)
  })
})

describe('pinning', () => {
  const hub = hubContext()
  const damaged = body.slice()
  damaged[150_000] = damaged[150_000]! ^ 1
  const pins = [{ sha256: hash.toUpperCase() }, { integrity: toIntegrity(hash) }]

  test.each(pins)('accepts the pinned file: %j', async (pin) => {
    await hub.serve((request, response) => sendFile(request, response, body))
    expect((await fetchWeights(hub.server.url, { ...hub.options, ...pin })).sha256).toBe(hash)
  })

  test.each(pins)('refuses any other, and keeps nothing of it: %j', async (pin) => {
    await hub.serve((request, response) => sendFile(request, response, damaged, { etag: '"d"' }))
    const error = await failure(fetchWeights(hub.server.url, { ...hub.options, ...pin }))
    expect(error.code).toBe('integrity')
    expect(error.message).toContain(hash)
    expect(error.message).toContain(sha256(damaged))
    expect(hub.server.seen).toHaveLength(1)
    expect(await hub.files()).toEqual([])
  })

  test('a file pieced together wrongly is downloaded again from the start', async () => {
    await hub.serve((request, response, index) => {
      if (index === 0) sendFile(request, response, damaged, { etag: '"same"' }, 250_000)
      else sendFile(request, response, body, { etag: '"same"' })
    })
    expect((await fetchWeights(hub.server.url, { ...hub.options, sha256: hash })).sha256).toBe(hash)
    expect(hub.server.seen.map((request) => request.headers.range !== undefined)).toEqual([
      false,
      true,
      false,
    ])
  })

  test('a cached file with another hash is downloaded again, and replaced', async () => {
    let served: Uint8Array = damaged
    await hub.serve((request, response) => sendFile(request, response, served))
    await fetchWeights(hub.server.url, hub.options)
    const error = await failure(fetchWeights(hub.server.url, { ...hub.options, sha256: hash }))
    expect(error.code).toBe('integrity')
    const offline = await failure(
      fetchWeights(hub.server.url, { ...hub.options, sha256: hash, offline: true }),
    )
    expect(offline.code).toBe('integrity')
    served = body
    const pinned = await fetchWeights(hub.server.url, { ...hub.options, sha256: hash })
    expect(pinned.fromCache).toBe(false)
    expect((await hub.cache.list()).map((entry) => entry.sha256)).toEqual([hash])
  })

  test.each([
    [{ sha256: 'abc' }, '64 hex digits'],
    [{ integrity: 'md5-abc' }, 'sha256-'],
    [{ integrity: toIntegrity(hash), sha256: '0'.repeat(64) }, 'different files'],
    [{ retries: -1 }, 'retries'],
    [{ maxBytes: Number.NaN }, 'maxBytes'],
    [{ stallTimeoutMs: 0 }, 'stallTimeoutMs'],
    [{ endpoint: 'huggingface.co' }, 'endpoint'],
  ])('refuses the options %j', async (options, text) => {
    const error = await failure(fetchWeights('timm/x', { ...hub.options, ...options }))
    expect(error.code).toBe('invalid-argument')
    expect(error.message).toContain(text)
  })
})
