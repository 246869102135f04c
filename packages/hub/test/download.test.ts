import { describe, expect, test } from 'vitest'
import { fetchWeights } from '../src/index.ts'
import { failure, hubContext } from './hub-context.ts'
import { sendFile, sha256, someBytes } from './server.ts'

const body = someBytes(3_000_000)
const hash = sha256(body)
const etag = '"v1"'

describe('a plain download', () => {
  const hub = hubContext()

  test('gives the bytes, their hash and progress, then comes from the cache', async () => {
    await hub.serve((request, response) => sendFile(request, response, body, { etag }))
    const progress: { phase: string; done: number; total?: number }[] = []
    const url = `${hub.server.url}/weights.pth?signature=secret#part`
    const first = await fetchWeights(url, { ...hub.options, onProgress: (step) => progress.push(step) })
    expect(first).toMatchObject({ sha256: hash, fromCache: false, source: `${hub.server.url}/weights.pth` })
    expect(Buffer.compare(first.bytes, body)).toBe(0)
    expect(progress.at(-1)).toEqual({ phase: 'download', done: body.length, total: body.length })
    expect(progress.every((step, i) => i === 0 || step.done > progress[i - 1]!.done)).toBe(true)

    progress.length = 0
    const second = await fetchWeights(url, { ...hub.options, onProgress: (step) => progress.push(step) })
    expect(second).toMatchObject({ sha256: hash, fromCache: true })
    expect(Buffer.compare(second.bytes, body)).toBe(0)
    expect(progress).toEqual([{ phase: 'read', done: body.length, total: body.length }])
    expect(hub.server.seen.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, etag])
    expect(hub.warnings).toEqual([])
  })

  test('works without a length, and without a cache leaves no trace', async () => {
    await hub.serve((request, response) => sendFile(request, response, body, { chunked: true }))
    const result = await fetchWeights(hub.server.url, { ...hub.options, cache: false })
    expect(result.sha256).toBe(hash)
    await fetchWeights(hub.server.url, { ...hub.options, cache: false })
    expect(hub.server.seen).toHaveLength(2)
    expect(await hub.files()).toEqual([])
  })

  test('accepts a compressed body, whose length is not the file’s', async () => {
    const { gzipSync } = await import('node:zlib')
    const text = new Uint8Array(200_000).fill(7)
    const packed = gzipSync(text)
    await hub.serve((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': String(packed.length), etag })
      response.end(packed)
    })
    expect((await fetchWeights(hub.server.url, hub.options)).sha256).toBe(sha256(text))
  })
})

describe('a download that breaks off', () => {
  const hub = hubContext()

  test('continues with Range and If-Range', async () => {
    await hub.serve((request, response, index) =>
      sendFile(request, response, body, { etag }, index < 2 ? 1_000_000 : undefined),
    )
    const result = await fetchWeights(hub.server.url, hub.options)
    expect(result.sha256).toBe(hash)
    expect(hub.server.seen).toHaveLength(3)
    const [first, second, third] = hub.server.seen.map((request) => request.headers)
    expect(first?.range).toBeUndefined()
    expect(second?.['if-range']).toBe(etag)
    const [from, next] = [second, third].map((headers) =>
      Number(/bytes=(\d+)-/.exec(headers?.range ?? '')?.[1]),
    )
    expect(from).toBeGreaterThan(0)
    expect(next).toBeGreaterThan(from!)
    expect(hub.warnings.join('\n')).toContain('Retry 1 of 4')
    expect(await hub.files()).toEqual([
      expect.stringMatching(/^blobs\//),
      expect.stringMatching(/^entries\//),
    ])
  })

  test('uses Last-Modified where there is no strong ETag', async () => {
    const lastModified = 'Mon, 01 Jan 2024 00:00:00 GMT'
    await hub.serve((request, response, index) => {
      const headers = { etag: 'W/"weak"' }
      sendFile(request, response, body, { lastModified, headers }, index === 0 ? 900_000 : undefined)
    })
    expect((await fetchWeights(hub.server.url, hub.options)).sha256).toBe(hash)
    expect(hub.server.seen[1]?.headers['if-range']).toBe(lastModified)
  })

  test('starts again without a validator', async () => {
    await hub.serve((request, response, index) =>
      sendFile(request, response, body, {}, index === 0 ? 900_000 : undefined),
    )
    expect((await fetchWeights(hub.server.url, hub.options)).sha256).toBe(hash)
    expect(hub.server.seen[1]?.headers.range).toBeUndefined()
  })

  test('starts again when the server ignores Range', async () => {
    await hub.serve((request, response, index) =>
      sendFile(request, response, body, { etag, ignoreRange: true }, index === 0 ? 900_000 : undefined),
    )
    expect((await fetchWeights(hub.server.url, hub.options)).sha256).toBe(hash)
    expect(hub.server.seen.map((request) => request.headers.range !== undefined)).toEqual([false, true])
  })

  test.each([
    ['shorter, and the server honours If-Range', 2_500_000, false],
    ['shorter, and the server ignores If-Range', 2_500_000, true],
    ['as long, and the server ignores If-Range', body.length, true],
  ])('takes the new file when it changed in between: %s', async (_, length, ignoreIfRange) => {
    const other = someBytes(length, 7)
    await hub.serve((request, response, index) =>
      index === 0
        ? sendFile(request, response, body, { etag }, 900_000)
        : sendFile(request, response, other, { etag: '"v2"', ignoreIfRange }),
    )
    const result = await fetchWeights(hub.server.url, hub.options)
    expect(result.sha256).toBe(sha256(other))
    expect(Buffer.compare(result.bytes, other)).toBe(0)
  })

  test('takes the new file when it became shorter than what has arrived (416)', async () => {
    const short = someBytes(500_000, 3)
    await hub.serve((request, response, index) =>
      index === 0
        ? sendFile(request, response, body, { etag }, 900_000)
        : sendFile(request, response, short, { etag: '"v2"', ignoreIfRange: true }),
    )
    expect((await fetchWeights(hub.server.url, hub.options)).sha256).toBe(sha256(short))
    expect(hub.server.seen).toHaveLength(3)
  })

  test('is complete when everything had arrived and the hash proves it (416)', async () => {
    await hub.serve((request, response, index) => {
      if (index > 0) return sendFile(request, response, body, { etag })
      response.writeHead(200, { etag })
      response.write(body, () => setTimeout(() => response.destroy(), 50))
    })
    const result = await fetchWeights(hub.server.url, { ...hub.options, sha256: hash })
    expect(result.sha256).toBe(hash)
    expect(hub.server.seen).toHaveLength(2)
  })

  test('is not complete when only the length is the same (416)', async () => {
    const other = someBytes(body.length, 7)
    await hub.serve((request, response, index) => {
      if (index > 0) return sendFile(request, response, other, { etag: '"v2"', ignoreIfRange: true })
      response.writeHead(200, { etag })
      response.write(body, () => setTimeout(() => response.destroy(), 50))
    })
    expect((await fetchWeights(hub.server.url, hub.options)).sha256).toBe(sha256(other))
    expect(hub.server.seen).toHaveLength(3)
  })

  test('refuses a 206 that starts elsewhere', async () => {
    await hub.serve((request, response, index) => {
      if (index === 0) return sendFile(request, response, body, { etag }, 900_000)
      if (index > 1) return sendFile(request, response, body, { etag })
      response.writeHead(206, { etag, 'content-range': `bytes 10-${body.length - 1}/${body.length}` })
      response.end(body.subarray(10))
    })
    expect((await fetchWeights(hub.server.url, hub.options)).sha256).toBe(hash)
    expect(hub.server.seen).toHaveLength(3)
    expect(hub.server.seen[2]?.headers.range).toBeUndefined()
  })

  test('refuses a 206 that is longer than its Content-Range', async () => {
    await hub.serve((request, response, index) => {
      if (index === 0) return sendFile(request, response, body, { etag }, 900_000)
      if (index > 1) return sendFile(request, response, body, { etag })
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1])
      const end = start + 999
      response.writeHead(206, { etag, 'content-range': `bytes ${start}-${end}/${body.length}` })
      response.end(body.slice(0, 1_000_000))
    })
    expect((await fetchWeights(hub.server.url, hub.options)).sha256).toBe(hash)
    expect(hub.warnings.join('\n')).toContain('sent more than the part of the file it announced')
    expect(hub.server.seen[2]?.headers.range).toBeUndefined()
  })

  test('goes on after a 206 that carries less than was asked for', async () => {
    await hub.serve((request, response, index) => {
      if (index === 0) return sendFile(request, response, body, { etag }, 900_000)
      if (index > 1) return sendFile(request, response, body, { etag })
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1])
      response.writeHead(206, { etag, 'content-range': `bytes ${start}-${start + 999}/${body.length}` })
      response.end(body.slice(start, start + 1000))
    })
    expect((await fetchWeights(hub.server.url, hub.options)).sha256).toBe(hash)
    expect(hub.server.seen[2]?.headers.range).toMatch(/^bytes=[1-9]/)
  })

  test('is not taken for whole when the connection ends quietly', async () => {
    const fetch = async (): Promise<Response> => {
      const headers = { 'content-length': String(body.length) }
      return new Response(body.slice(0, 1000), { headers })
    }
    const error = await failure(fetchWeights('https://h.test/w', { ...hub.options, fetch, retries: 1 }))
    expect(error.code).toBe('network')
    expect(error.message).toContain(`ended after 1000 of ${body.length} bytes`)
  })

  test('gives up after the allowed retries and keeps what it has', async () => {
    await hub.serve((request, response) => sendFile(request, response, body, { etag }, 1000))
    const error = await failure(fetchWeights(hub.server.url, { ...hub.options, retries: 2 }))
    expect(error.code).toBe('network')
    expect(error.message).toContain('gave up after 3 attempts')
    expect(hub.server.seen).toHaveLength(3)
    expect(await hub.files()).toEqual([expect.stringMatching(/^unfinished\/[0-9a-f]{32}\.part$/)])
  })
})

describe('a download that stalls', () => {
  const hub = hubContext()

  test('is continued after the stall timeout', async () => {
    await hub.serve((request, response, index) => {
      if (index > 0) return sendFile(request, response, body, { etag })
      response.writeHead(200, { etag, 'content-length': String(body.length) })
      response.write(body.subarray(0, 1_000_000))
    })
    const result = await fetchWeights(hub.server.url, { ...hub.options, stallTimeoutMs: 200 })
    expect(result.sha256).toBe(hash)
    expect(hub.server.seen[1]?.headers.range).toMatch(/^bytes=[1-9]/)
    expect(hub.warnings[0]).toContain('nothing arrived for 0.2 s')
  })

  test('is an error when the server never answers', async () => {
    await hub.serve(() => {})
    const options = { ...hub.options, stallTimeoutMs: 100, retries: 1 }
    const error = await failure(fetchWeights(hub.server.url, options))
    expect(error.code).toBe('network')
    expect(error.message).toContain('nothing arrived for 0.1 s after 0 bytes')
    expect(hub.server.seen).toHaveLength(2)
  })
})
