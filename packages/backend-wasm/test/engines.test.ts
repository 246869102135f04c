import { fileURLToPath } from 'node:url'
import {
  type EngineName,
  type EnginePage,
  goldenFolder,
  lacking,
  openEnginePage,
  type PageCaseResult,
  readGoldenFloat32,
} from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const entry = fileURLToPath(new URL('engines-page.ts', import.meta.url))
const open = (engine: EngineName): Promise<EnginePage> =>
  openEnginePage(engine, { entry, folders: { '/golden/': goldenFolder } }, 170_000)

/** Fails unless the cases all passed and were more than `count`. */
async function checkSuite(page: EnginePage, backend: string, step: number, count: number): Promise<void> {
  const results = await page.call<readonly PageCaseResult[]>('suite', backend, step)
  expect(results.filter(({ error }) => error)).toEqual([])
  expect(results.filter(({ skip }) => !skip).length).toBeGreaterThan(count)
}

/** Fails unless the logits of the real S0 are PyTorch's to 1e-4. */
async function checkRealNetwork(page: EnginePage, backend: string): Promise<void> {
  const input = [...readGoldenFloat32('s0-input-1x3x224x224.f32')]
  const found = await page.call<readonly number[]>('logits', backend, input)
  const want = readGoldenFloat32('s0-logits-1000.f32')
  expect(found.length).toBe(1000)
  expect(Math.max(...found.map((value, index) => Math.abs(value - want[index]!)))).toBeLessThan(1e-4)
}

describe.skipIf(lacking('firefox'))('in Firefox', () => {
  let page: EnginePage
  beforeAll(async () => {
    page = await open('firefox')
  })
  afterAll(() => page?.close())

  it('has relaxed SIMD and threads', async () => {
    expect(await page.call('features', '2 threads')).toEqual(['simd', 'relaxed-simd', '2 threads'])
  })
  it('passes the suite', () => checkSuite(page, 'fastest', 1, 70))
  it('passes part of the suite on two threads', () => checkSuite(page, '2 threads', 3, 20))
  it.skipIf(lacking('golden'))('gives the logits of PyTorch, on one thread and on two', async () => {
    for (const backend of ['plain', 'fastest', '2 threads']) await checkRealNetwork(page, backend)
  })
})

describe.skipIf(lacking('webkit'))('in WebKitGTK', () => {
  let page: EnginePage
  beforeAll(async () => {
    page = await open('webkit')
  })
  afterAll(() => page?.close())

  it('has no relaxed SIMD, and says that no header brings threads', async () => {
    const features = await page.call<readonly string[]>('features', '2 threads')
    expect(features).not.toContain('relaxed-simd')
    expect(features.at(-1)).toMatch(/^1 thread: this browser has no SharedArrayBuffer/)
  })
  it('passes the suite', () => checkSuite(page, 'fastest', 1, 70))
  it.skipIf(lacking('golden'))('gives the logits of PyTorch', () => checkRealNetwork(page, 'fastest'))
})

describe.skipIf(lacking('current-node'))('on a current Node', () => {
  let page: EnginePage
  beforeAll(async () => {
    page = await open('current-node')
  })
  afterAll(() => page?.close())

  it('has relaxed SIMD', async () => {
    expect(await page.call('features', 'fastest')).toContain('relaxed-simd')
  })
  it('passes part of the suite', () => checkSuite(page, 'fastest', 3, 20))
  it.skipIf(lacking('golden'))('gives the logits of PyTorch, on one thread and on two', async () => {
    for (const backend of ['fastest', '2 threads']) await checkRealNetwork(page, backend)
  })
})

describe.skipIf(lacking('arm64-node'))('on arm64', () => {
  let page: EnginePage
  beforeAll(async () => {
    page = await open('arm64-node')
  })
  afterAll(() => page?.close())

  it('passes part of the suite', () => checkSuite(page, 'fastest', 16, 4))
  it.skipIf(lacking('golden'))('gives the logits of PyTorch on two threads', () =>
    checkRealNetwork(page, '2 threads'),
  )
})
