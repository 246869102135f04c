import { inflateRawSync } from 'node:zlib'
import { serve } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { plain } from '../src/generated/plain.ts'
import { relaxed } from '../src/generated/relaxed.ts'
import { type WasmOptions, wasm } from '../src/index.ts'
import { fastestKernels, wideKernels } from '../src/wide.ts'
import { image, network } from './networks.ts'

const kernels = (text: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(inflateRawSync(Buffer.from(text, 'base64')))
const bytes = kernels(plain)
const html = '<!doctype html><title>The app</title>'
const model = network('s0', 32)

async function logits(options: WasmOptions): Promise<Float32Array> {
  const executor = await wasm({ simd: 'plain', ...options }).compile(model)
  const result = await executor.run(image(model, 1))
  await executor.dispose()
  return result.logits!.data
}

describe('kernels from elsewhere', () => {
  let server: Awaited<ReturnType<typeof serve>>
  beforeAll(async () => {
    server = await serve((path) => {
      if (path === '/kernels.wasm') return { type: 'application/octet-stream', body: bytes }
      if (path === '/app') return { type: 'text/html', body: html }
      return undefined
    })
  })
  afterAll(() => server.close())
  const url = (path: string): URL => new URL(path, server.url)

  test('as bytes, module, URL and response give the results of the embedded ones', async () => {
    const want = await logits({})
    const sources: readonly NonNullable<WasmOptions['wasm']>[] = [
      bytes,
      bytes.buffer,
      await WebAssembly.compile(bytes),
      url('/kernels.wasm'),
      await fetch(url('/kernels.wasm')),
    ]
    for (const source of sources) expect(await logits({ wasm: source })).toEqual(want)
    for (const source of [bytes, url('/kernels.wasm')])
      expect(await logits({ wasm: source, threads: 2 })).toEqual(want)
  })

  test('HTML is recognised', async () => {
    await expect(logits({ wasm: url('/app') })).rejects.toMatchObject({
      code: 'invalid-file',
      message: expect.stringMatching(/got HTML from http:.*\/app \(SPA fallback\?\)/),
    })
  })

  test('other refusals name the source', async () => {
    await expect(logits({ wasm: url('/nowhere') })).rejects.toMatchObject({
      code: 'network',
      message: expect.stringContaining('/nowhere answered 404'),
    })
    await expect(logits({ wasm: new URL('http://127.0.0.1:1/k.wasm') })).rejects.toMatchObject({
      code: 'network',
    })
    await expect(logits({ wasm: new Uint8Array([1, 2, 3]) })).rejects.toMatchObject({
      code: 'invalid-file',
      message: expect.stringContaining('does not begin with \\0asm'),
    })
    await expect(logits({ wasm: bytes.slice(0, 5000) })).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('kernels of another build are refused', async () => {
    const empty = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
    await expect(logits({ wasm: empty })).rejects.toMatchObject({
      code: 'invalid-file',
      message: expect.stringMatching(/of build undefined and this package's JavaScript of build \d+/),
    })
  })

  test('a module for unshared memory is refused for several threads', async () => {
    const module = await WebAssembly.compile(bytes)
    const refused = logits({ wasm: module, threads: 2 })
    await expect(refused).rejects.toMatchObject({
      message: expect.stringContaining('pass the bytes of the kernels'),
    })
  })
})

test('the builds that pages load are at most 45 kB', () => {
  for (const text of [plain, relaxed]) expect(kernels(text).length).toBeLessThanOrEqual(45_000)
})

test('relaxed SIMD is refused where the engine has none', async () => {
  const probe = await wasm().probe()
  if (probe.ok && probe.features.includes('relaxed-simd')) return
  await expect(logits({ simd: 'relaxed' })).rejects.toMatchObject({ code: 'unavailable' })
  await expect(logits(await wideKernels())).rejects.toMatchObject({ code: 'unavailable' })
  expect(await fastestKernels()).toEqual({})
})

test('another build than there is, and `wide` without its kernels, are refused', async () => {
  await expect(logits({ simd: 'avx' as 'plain' })).rejects.toMatchObject({ code: 'invalid-argument' })
  await expect(logits({ simd: 'wide' })).rejects.toMatchObject({
    code: 'invalid-argument',
    message: expect.stringContaining('@mobileone/backend-wasm/wide'),
  })
})

test('compile reports progress and can be aborted', async () => {
  const phases: string[] = []
  const executor = await wasm().compile(model, {
    onProgress: ({ phase, done, total }) => phases.push(`${phase} ${done}/${total}`),
  })
  await executor.dispose()
  expect(phases[0]).toMatch(/^pack 0\/\d+$/)
  expect(phases.at(-3)).toMatch(/^pack (\d+)\/\1$/)
  expect(phases.slice(-2)).toEqual(['compile 0/1', 'compile 1/1'])
  const signal = AbortSignal.abort()
  await expect(wasm().compile(model, { signal })).rejects.toMatchObject({ code: 'aborted' })
})

test('a file of kernels that cannot be loaded is told from an engine that cannot run them', async () => {
  vi.doMock('../src/generated/plain.ts', () => {
    throw new TypeError('Failed to fetch dynamically imported module')
  })
  vi.resetModules()
  try {
    const { wasm } = await import('../src/index.ts')
    await expect(wasm({ simd: 'plain' }).compile(model)).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/file with the kernels cannot be loaded: .*@mobileone\/sdk\/single/),
    })
  } finally {
    vi.doUnmock('../src/generated/plain.ts')
    vi.resetModules()
  }
})
