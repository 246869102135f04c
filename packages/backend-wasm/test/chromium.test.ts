import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { reference } from '@mobileone/core'
import { lacking, readGolden, readGoldenFloat32 } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type BackendPage,
  type BackendPages,
  expectWorkersToEnd,
  openBackendPages,
} from './chromium-pages.ts'
import { distance } from './distance.ts'
import { image, network } from './networks.ts'

describe.skipIf(lacking('chromium'))('in Chromium', () => {
  let pages: BackendPages
  beforeAll(async () => {
    pages = await openBackendPages()
  })
  afterAll(() => pages?.[Symbol.asyncDispose]())

  test('relaxed and plain kernels, one and two threads, agree with the reference', async () => {
    const page = await pages.open('/')
    const model = network('s0', 64)
    const inputs = image(model, 5)
    const want = (await (await reference().compile(model)).run(inputs)).logits!.data
    const scale = Math.max(...want.map(Math.abs))
    const found = await page.evaluate(
      async ([data]) => (globalThis as unknown as BackendPage).backend.logits('s0', 64, data as number[]),
      [[...inputs.image!.data]],
    )
    expect(found.features).toContain('relaxed-simd')
    expect(Object.keys(found.logits)).toEqual([
      'relaxed',
      'plain',
      'two threads',
      'plain, two threads',
      'wide',
      'wide, two threads',
    ])
    for (const [name, logits] of Object.entries(found.logits)) {
      const gap = distance(
        Float32Array.from(logits, (x) => x / scale),
        want.map((x) => x / scale),
      )
      expect(gap, name).toBeLessThan(2e-5)
    }
    for (const same of ['two threads', 'wide', 'wide, two threads'])
      expect(found.logits[same], same).toEqual(found.logits.relaxed)
    await expect.poll(() => page.workers().length).toBe(0)
    await page.close()
  })

  test('builds that there are not, and `wide` without its kernels, are refused; the fastest kernels run', async () => {
    const page = await pages.open('/')
    const found = await page.evaluate(async () => {
      const { start, fastest } = (globalThis as unknown as BackendPage).backend
      const options = await fastest()
      return {
        unknown: await start({ simd: 'avx' as 'plain' }),
        wide: await start({ simd: 'wide' }),
        chosen: Object.keys(options),
        fastest: await start(options),
      }
    })
    expect(found.unknown).toMatch(/^invalid-argument: .*"avx"/)
    expect(found.wide).toMatch(/^invalid-argument: .*@mobileone\/backend-wasm\/wide/)
    expect([[], ['simd', 'wasm']]).toContainEqual(found.chosen)
    expect(found.fastest).toBe('ran')
    await page.close()
  })

  test.skipIf(lacking('golden'))(
    'relaxed and plain kernels agree to 1e-4 on the logits of the real S0',
    async () => {
      const page = await pages.open('/')
      const model = modelFromCheckpoint(readCheckpoint(readGolden('mobileone_s0.pth.tar')))
      const weights = Object.entries(model.weights)
      pages.files.set('/weights.f32', {
        type: 'application/octet-stream',
        body: Buffer.concat(
          weights.map(([, { data }]) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
        ),
      })
      pages.files.set('/input.f32', {
        type: 'application/octet-stream',
        body: readGolden('s0-input-1x3x224x224.f32'),
      })
      const found = await page.evaluate(
        (names) => (globalThis as unknown as BackendPage).backend.realLogits(names),
        weights.map(([name]) => name),
      )
      const want = readGoldenFloat32('s0-logits-1000.f32')
      for (const logits of Object.values(found)) {
        expect(Math.max(...logits.map((x, i) => Math.abs(x - want[i]!)))).toBeLessThan(1e-4)
      }
      const [relaxed, plain] = [found.relaxed!, found.plain!]
      expect(found.wide).toEqual(relaxed)
      expect(Math.max(...relaxed.map((x, i) => Math.abs(x - plain[i]!)))).toBeLessThan(1e-4)
      await page.close()
    },
  )

  test('a strict Content-Security-Policy: blob workers are refused with a remedy, a served worker starts', async () => {
    const page = await pages.open('/strict')
    const refused = await page.evaluate(() =>
      (globalThis as unknown as BackendPage).backend.start({ threads: 2 }),
    )
    expect(refused).toMatch(/^unavailable: .*pass its address as `worker`/)
    const started = await page.evaluate(() =>
      (globalThis as unknown as BackendPage).backend.start({ threads: 2, worker: '/worker.mjs' }),
    )
    expect(started).toBe('ran')
    await page.close()
  })

  test('a worker that compiled for two threads, or gave up, and is ended then, ends', () =>
    expectWorkersToEnd(pages, 8))

  test('Trusted Types: an address is refused with a remedy, a TrustedScriptURL starts', async () => {
    const page = await pages.open('/trusted')
    const found = await page.evaluate(async () => {
      const { start } = (globalThis as unknown as BackendPage).backend
      const { trustedTypes } = globalThis as unknown as {
        trustedTypes: {
          createPolicy(
            name: string,
            rules: object,
          ): { createScriptURL(address: string): { toString(): string; toJSON(): string } }
        }
      }
      const policy = trustedTypes.createPolicy('threads', { createScriptURL: (address: string) => address })
      return {
        blob: await start({ threads: 2 }),
        address: await start({ threads: 2, worker: '/worker.mjs' }),
        trusted: await start({ threads: 2, worker: policy.createScriptURL('/worker.mjs') }),
      }
    })
    expect(found.blob).toMatch(/^unavailable: .*requires Trusted Types.*createScriptURL.*`worker`/)
    expect(found.address).toMatch(/^unavailable: .*requires Trusted Types/)
    expect(found.trusted).toBe('ran')
    await page.close()
  })

  test('a page that is not cross-origin isolated runs one thread and says which headers to send', async () => {
    const page = await pages.browser.newPage()
    await page.route('**/*', async (route) => {
      const response = await route.fetch()
      const {
        'cross-origin-opener-policy': _,
        'cross-origin-embedder-policy': __,
        ...headers
      } = response.headers()
      await route.fulfill({ response, headers })
    })
    await page.goto(pages.url)
    await expect.poll(() => page.evaluate(() => 'backend' in globalThis), { timeout: 20_000 }).toBe(true)
    const found = await page.evaluate(async () => {
      const { backend } = globalThis as unknown as BackendPage
      return { ran: await backend.start({ threads: 2 }), features: await backend.features() }
    })
    expect(found.ran).toBe('ran')
    expect(page.workers()).toEqual([])
    expect(found.features.join()).toContain('Cross-Origin-Embedder-Policy: require-corp')
    await page.close()
  })
})
