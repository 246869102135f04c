import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test, vi } from 'vitest'
import { fetchWeights, hubUrl, knownSources, parseHubFile, toIntegrity } from '../src/index.ts'
import { failure, hubContext } from './hub-context.ts'
import { sha256, someBytes } from './server.ts'

const endpoint = new URL('https://huggingface.co')

describe('hub ids', () => {
  test.each([
    ['timm/mobileone_s0.apple_in1k', 'timm/mobileone_s0.apple_in1k/resolve/main/model.safetensors'],
    ['timm/mobileone_s0.apple_in1k@v1.0', 'timm/mobileone_s0.apple_in1k/resolve/v1.0/model.safetensors'],
    ['a/b@refs%2Fpr%2F1', 'a/b/resolve/refs%2Fpr%2F1/model.safetensors'],
    ['a/b/weights/s0 #1.bin'.replace(' ', '_'), 'a/b/resolve/main/weights/s0_%231.bin'],
    ['a/b@abc123/pytorch_model.bin', 'a/b/resolve/abc123/pytorch_model.bin'],
  ])('%s', (text, path) => {
    expect(hubUrl(parseHubFile(text)!, endpoint).href).toBe(`https://huggingface.co/${path}`)
    expect(hubUrl(parseHubFile(text)!, new URL('http://mirror.test/hf/')).href).toBe(
      `http://mirror.test/hf/${path}`,
    )
  })

  test.each(['timm', 'a/b/../c', 'a/b/', 'a/b@', '/a/b', '-a/b', 'a b/c', 'a/b@x@y', ''])(
    'not one: "%s"',
    (text) => {
      expect(parseHubFile(text)).toBeUndefined()
    },
  )

  test('every known source is one, or an https URL', () => {
    expect(Object.keys(knownSources)).toEqual(['s0', 's1', 's2', 's3', 's4'])
    for (const [variant, { hub, apple }] of Object.entries(knownSources)) {
      expect(parseHubFile(hub)?.id).toBe(`timm/mobileone_${variant}.apple_in1k`)
      const base = 'https://docs-assets.developer.apple.com/ml-research/datasets/mobileone/mobileone_'
      expect(apple).toEqual({
        unfused: `${base}${variant}_unfused.pth.tar`,
        fused: `${base}${variant}.pth.tar`,
      })
    }
  })
})

describe('what needs no network', () => {
  const hub = hubContext()
  const body = someBytes(5_000_000)
  const hash = sha256(body)
  const noFetch = (): never => {
    throw new Error('no request was expected')
  }

  test('bytes, buffers, blobs and files', async () => {
    const path = join(hub.directory, 'w.safetensors')
    await writeFile(path, body)
    const sources = [
      [body, 'bytes'],
      [body.buffer as ArrayBuffer, 'bytes'],
      [new Blob([body as Uint8Array<ArrayBuffer>]), 'blob'],
      [new File([body as Uint8Array<ArrayBuffer>], 'mine.pth'), 'file:mine.pth'],
      [path, path],
      [pathToFileURL(path), path],
      [pathToFileURL(path).href, path],
    ] as const
    for (const [source, name] of sources) {
      const progress: unknown[] = []
      const result = await fetchWeights(source, {
        fetch: noFetch,
        sha256: hash,
        integrity: toIntegrity(hash),
        onProgress: (step) => progress.push(step),
      })
      expect(result).toMatchObject({ sha256: hash, source: name, fromCache: false })
      expect(result.bytes.length).toBe(body.length)
      if (name !== 'bytes') {
        expect(progress.at(-1)).toEqual({ phase: 'read', done: body.length, total: body.length })
      }
      const wrong = await failure(fetchWeights(source, { sha256: '0'.repeat(64) }))
      expect(wrong.code).toBe('integrity')
      expect((await failure(fetchWeights(source, { maxBytes: 1000 }))).code).toBe('invalid-file')
      expect((await failure(fetchWeights(source, { signal: AbortSignal.abort() }))).code).toBe('aborted')
    }
  })

  test('hash: false spares the hash, but not of what is pinned', async () => {
    expect(await fetchWeights(body, { hash: false })).toMatchObject({ sha256: '', source: 'bytes' })
    expect(await fetchWeights(body, { hash: false, sha256: hash })).toMatchObject({ sha256: hash })
    const wrong = await failure(fetchWeights(body, { hash: false, sha256: '0'.repeat(64) }))
    expect(wrong.code).toBe('integrity')
  })

  test('an existing file wins over a hub id; a name with an extension is a file', async () => {
    const { resolveSource } = await import('../src/resolve-source.ts')
    const { nodePlatform } = await import('../src/node/platform.ts')
    const platform = { ...nodePlatform, isFile: async (path: string) => path === 'timm/mobileone_s0' }
    expect(await resolveSource('timm/mobileone_s0', endpoint, platform)).toMatchObject({ kind: 'file' })
    expect(await resolveSource('hf:timm/mobileone_s0', endpoint, platform)).toMatchObject({ kind: 'url' })
    expect(await resolveSource('timm/other', endpoint, platform)).toMatchObject({ kind: 'url' })
    const error = await failure(resolveSource('weights/s0.safetensors', endpoint, platform))
    expect(error.message).toContain('there is no file "weights/s0.safetensors"')
  })

  test('files of the extension whose page asks for them, offline and past the cache; of no other', async () => {
    vi.stubGlobal('location', new URL('chrome-extension://abc/popup.html'))
    try {
      const fetch = vi.fn(async (_: unknown) => new Response(body as Uint8Array<ArrayBuffer>))
      const options = { ...hub.options, offline: true, fetch: fetch as typeof globalThis.fetch }
      const address = 'chrome-extension://abc/w.safetensors'
      for (const source of [address, new URL(address)]) {
        const found = await fetchWeights(source, options)
        expect(found).toMatchObject({ sha256: hash, source: address, cached: undefined })
      }
      expect(fetch.mock.calls.map(([asked]) => asked)).toEqual([address, address])
      expect([await hub.cache.list(), hub.warnings]).toEqual([[], []])
      for (const source of ['moz-extension://abc/w.safetensors', 'chrome-extension-x://abc/w', 'data:,w']) {
        expect((await failure(fetchWeights(source, options))).code).toBe('invalid-argument')
      }
    } finally {
      vi.unstubAllGlobals()
    }
    expect((await failure(fetchWeights('chrome-extension://abc/w'))).code).toBe('invalid-argument')
  })

  test.each([
    ['', 'not empty'],
    ['s3', '"timm/mobileone_s3.apple_in1k"'],
    ['nothing.pth', 'there is no file "nothing.pth"'],
    ['./nothing/here.pth', 'there is no file ./nothing/here.pth'],
    ['ftp://h.test/x', 'http:, https:'],
    ['hf:timm', 'hf:owner/name'],
    ['https://', 'not a URL'],
    ['https://me:secret@h.test/x', 'user name or password'],
    ['/', 'not a regular file'],
  ])('"%s" is refused', async (source, text) => {
    const error = await failure(fetchWeights(source, { fetch: noFetch, cache: hub.cache }))
    expect(error.code).toBe('invalid-argument')
    expect(error.message).toContain(text)
    expect(error.message).not.toContain('secret')
  })

  test.skipIf(process.platform === 'win32')('a pipe is refused, not waited for', async () => {
    const pipe = join(hub.directory, 'pipe')
    execFileSync('mkfifo', [pipe])
    expect((await failure(fetchWeights(pipe))).message).toContain('is not a regular file')
  })

  test.each([null, undefined, 7, {}])('%s is refused', async (source) => {
    expect((await failure(fetchWeights(source as never))).code).toBe('invalid-argument')
  })
})
