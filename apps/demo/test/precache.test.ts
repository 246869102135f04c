import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type FileCache, Precache, type SiteFile } from '../src/service-worker/precache.ts'

const scope = 'https://example.com/demo/'
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const file = (path: string, text: string): SiteFile => ({ path, hash: sha256(text) })

/** A Cache in memory. */
function memoryCache(): FileCache & { readonly addresses: () => string[] } {
  const kept = new Map<string, Response>()
  const address = (request: RequestInfo | URL): string =>
    request instanceof Request ? request.url : String(request)
  return {
    match: async (request) => kept.get(address(request))?.clone(),
    put: async (request, response) => void kept.set(address(request), response),
    delete: async (request) => kept.delete(address(request)),
    keys: async () => [...kept.keys()].map((url) => new Request(url)),
    addresses: () => [...kept.keys()].map((url) => url.slice(scope.length).replace(/=.*/, '')),
  }
}

/** A server of `files`, and what was asked of it. */
function serverOf(files: Record<string, string>) {
  const asked: string[] = []
  const request = (async (input: RequestInfo | URL, init?: RequestInit) => {
    const { pathname } = new URL(input instanceof Request ? input.url : String(input))
    const path = pathname.slice('/demo/'.length)
    asked.push(`${path} ${init?.cache ?? 'default'}`)
    const text = files[path || 'index.html']
    if (text === undefined) return new Response('', { status: 404, statusText: 'Not Found' })
    return new Response(text, { headers: { 'content-encoding': 'br', 'content-type': 'text/plain' } })
  }) as typeof fetch
  return { asked, request }
}

const signed = (response: Response): Response => {
  const headers = new Headers(response.headers)
  headers.set('x-amended', 'yes')
  return new Response(response.body, { status: response.status, headers })
}

const one = { shell: [file('index.html', 'page 1'), file('a.js', 'a')], rest: [file('b.js', 'b')] }
const files = { 'index.html': 'page 1', 'a.js': 'a', 'b.js': 'b' }

describe('what is kept of the page', () => {
  it('is asked for once, and answered for whatever query', async () => {
    const { asked, request } = serverOf(files)
    const cache = memoryCache()
    const precache = new Precache(cache, scope, one, signed, request)
    await precache.keep(one.shell)
    await precache.keep(one.shell)
    expect(asked).toEqual(['index.html no-cache', 'a.js no-cache'])
    expect(cache.addresses()).toEqual(['index.html?sha256', 'a.js?sha256'])

    const page = precache.fileOf(`${scope}?model=s0#teach`)
    expect(page?.path).toBe('index.html')
    const { response } = await precache.answer(page!, new Request(`${scope}?model=s0`))
    expect(await response.text()).toBe('page 1')
    expect(response.headers.get('x-amended')).toBe('yes')
    expect(response.headers.get('content-type')).toBe('text/plain')
    expect(response.headers.has('content-encoding')).toBe(false)
    expect(asked).toHaveLength(2)
  })

  it('is nothing of other origins, other folders and other files', () => {
    const precache = new Precache(memoryCache(), scope, one, signed)
    for (const address of [
      'https://huggingface.co/demo/a.js',
      'https://example.com/a.js',
      `${scope}c.js`,
      `${scope}constructor`,
    ]) {
      expect(precache.fileOf(address), address).toBeUndefined()
    }
  })

  it('is the rest when it is used', async () => {
    const { asked, request } = serverOf(files)
    const cache = memoryCache()
    const precache = new Precache(cache, scope, one, signed, request)
    for (let turn = 0; turn < 2; turn++) {
      const { response, kept } = await precache.answer(one.rest[0]!, new Request(`${scope}b.js`))
      expect(await response.text()).toBe('b')
      await kept
    }
    expect(asked).toEqual(['b.js default'])
    expect(cache.addresses()).toEqual(['b.js?sha256'])
  })

  it('is never of another build than the worker', async () => {
    const { request } = serverOf({ ...files, 'a.js': 'a of another build' })
    const cache = memoryCache()
    const precache = new Precache(cache, scope, one, signed, request)
    await expect(precache.keep(one.shell)).rejects.toThrow('a.js: of another build than this worker')
    const { response, kept } = await precache.answer(one.shell[1]!, new Request(`${scope}a.js`))
    expect(await response.text()).toBe('a of another build')
    await kept
    expect(cache.addresses()).toEqual(['index.html?sha256'])
  })

  it('is nothing that the server has not', async () => {
    const { request } = serverOf({ 'index.html': 'page 1' })
    const cache = memoryCache()
    const precache = new Precache(cache, scope, one, signed, request)
    await expect(precache.keep(one.shell)).rejects.toThrow('a.js: 404 Not Found')
    const { response, kept } = await precache.answer(one.shell[1]!, new Request(`${scope}a.js`))
    await kept
    expect(response.status).toBe(404)
    expect(cache.addresses()).toEqual(['index.html?sha256'])
  })

  it('is taken over by the next build where it is the same, and forgotten where it is not', async () => {
    const cache = memoryCache()
    const before = new Precache(cache, scope, one, signed, serverOf(files).request)
    await before.keep([...one.shell, ...one.rest])

    const two = { shell: [file('index.html', 'page 2'), file('a.js', 'a')], rest: [] }
    const { asked, request } = serverOf({ 'index.html': 'page 2', 'a.js': 'a' })
    const after = new Precache(cache, scope, two, signed, request)
    await after.keep(two.shell)
    expect(asked).toEqual(['index.html no-cache'])
    // Until it takes over, the page before has what it was built with.
    const { response } = await before.answer(one.shell[0]!, new Request(scope))
    expect(await response.text()).toBe('page 1')

    await after.clean()
    expect(cache.addresses().sort()).toEqual(['a.js?sha256', 'index.html?sha256'])
    const next = await after.answer(two.shell[0]!, new Request(scope))
    expect(await next.response.text()).toBe('page 2')
  })
})
