import { describe, expect, test, vi } from 'vitest'
import { fetchWeights } from '../src/index.ts'
import { failure, hubContext } from './hub-context.ts'
import { sendFile, sha256, someBytes } from './server.ts'

const body = someBytes(400_000)
const hash = sha256(body)
const id = 'timm/mobileone_s0.apple_in1k'
const hubPath = `/${id}/resolve/main/model.safetensors`

describe('a hub that redirects to a store on another host', () => {
  const hub = hubContext()

  /** The hub is 127.0.0.1, the store is `localhost`: another origin of the same server. */
  async function serveHub(
    linkedETag: string | undefined,
    stored: Uint8Array,
    cuts: number[] = [],
  ): Promise<void> {
    await hub.serve((request, response) => {
      if (request.url === hubPath) {
        const location = `http://localhost:${hub.server.port}/store?signature=secret`
        response.writeHead(302, { location, ...(linkedETag && { 'x-linked-etag': linkedETag }) }).end('moved')
      } else sendFile(request, response, stored, { etag: `"${'ab'.repeat(32)}"` }, cuts.shift())
    })
  }
  const options = (): Parameters<typeof fetchWeights>[1] => ({
    ...hub.options,
    endpoint: hub.server.url,
    token: 'hf_secret',
  })

  test('is sent the token; the store is not', async () => {
    await serveHub(`"${hash}"`, body)
    const result = await fetchWeights(id, options())
    expect(result).toMatchObject({ sha256: hash, source: `${hub.server.url}${hubPath}` })
    expect(hub.server.seen.map(({ host, headers }) => [host.split(':')[0], headers.authorization])).toEqual([
      ['127.0.0.1', 'Bearer hf_secret'],
      ['localhost', undefined],
    ])
  })

  test('is believed about the hash', async () => {
    await serveHub(`"${hash}"`, someBytes(400_000, 9))
    const error = await failure(fetchWeights(id, options()))
    expect(error.code).toBe('integrity')
    expect(error.message).toContain(`the hub announced ${hash}`)
    expect(error.message).not.toContain('secret')
    expect(await hub.files()).toEqual([])
  })

  test('announces another file than the pinned one: nothing is downloaded', async () => {
    await serveHub(`"${'0'.repeat(64)}"`, body)
    const error = await failure(fetchWeights(id, { ...options(), sha256: hash }))
    expect(error.code).toBe('integrity')
    expect(await hub.files()).toEqual([])
  })

  test.each([undefined, '"3b18e512dba79e4c8300dd08aeb37f8e728b8dad"', 'W/"x"'])(
    'announces no sha-256 (%s): the store’s ETag is not taken for one',
    async (linked) => {
      await serveHub(linked, body)
      expect((await fetchWeights(id, options())).sha256).toBe(hash)
    },
  )

  test('continues through the redirect', async () => {
    await serveHub(`"${hash}"`, body, [150_000])
    expect((await fetchWeights(id, options())).sha256).toBe(hash)
    expect(hub.server.seen.map(({ url }) => url.split('?')[0])).toEqual([
      hubPath,
      '/store',
      hubPath,
      '/store',
    ])
    expect(hub.server.seen[3]?.headers.range).toMatch(/^bytes=[1-9]/)
  })

  test('the token and the endpoint come from the environment', async () => {
    await serveHub(`"${hash}"`, body)
    vi.stubEnv('HF_ENDPOINT', `${hub.server.url}/`)
    vi.stubEnv('HF_TOKEN', 'hf_env')
    try {
      await fetchWeights(id, hub.options)
    } finally {
      vi.unstubAllEnvs()
    }
    expect(hub.server.seen[0]?.headers.authorization).toBe('Bearer hf_env')
    expect(hub.server.seen[1]?.headers.authorization).toBeUndefined()
  })

  test('a plain URL on another host never gets the token', async () => {
    await serveHub(undefined, body)
    await fetchWeights(`http://localhost:${hub.server.port}/store`, options())
    expect(hub.server.seen[0]?.headers.authorization).toBeUndefined()
  })
})

describe('redirects', () => {
  const hub = hubContext()

  test.each([301, 302, 303, 307, 308])('%i to a relative address is followed', async (status) => {
    await hub.serve((request, response) => {
      if (request.url === '/a') response.writeHead(status, { location: 'b?x=1' }).end()
      else sendFile(request, response, body)
    })
    expect((await fetchWeights(`${hub.server.url}/a`, hub.options)).sha256).toBe(hash)
    expect(hub.server.seen[1]?.url).toBe('/b?x=1')
  })

  test('a loop ends', async () => {
    await hub.serve((_, response) => response.writeHead(302, { location: '/again' }).end())
    const error = await failure(fetchWeights(hub.server.url, hub.options))
    expect(error.message).toContain('redirected more than 10 times')
    expect(hub.server.seen).toHaveLength(11)
  })

  test.each(['file:///etc/passwd', 'data:text/plain,hi', 'ftp://localhost/x'])(
    '%s is refused',
    async (location) => {
      await hub.serve((_, response) => response.writeHead(302, { location }).end())
      const error = await failure(fetchWeights(hub.server.url, hub.options))
      expect(error.code).toBe('network')
      expect(error.message).toContain('which is not followed')
    },
  )

  test('https never falls back to http', async () => {
    const asked: string[] = []
    const fetch = async (input: string | URL | Request): Promise<Response> => {
      asked.push(String(input))
      return new Response(null, { status: 302, headers: { location: 'http://example.test/s0' } })
    }
    const error = await failure(fetchWeights('https://example.test/s0', { ...hub.options, fetch }))
    expect(error.message).toContain('from https: to http:')
    expect(asked).toEqual(['https://example.test/s0'])
  })
})
