import { fileURLToPath } from 'node:url'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { reference } from '@mobileone/core'
import { lacking, launchChromium, readGolden, readGoldenFloat32, serve } from '@mobileone/testkit'
import type { Browser, Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { distance } from './distance.ts'
import { image, network } from './networks.ts'

/** The package and what the tests need of the core, from source, as one ES module. */
async function bundle(entry: string): Promise<string> {
  const source = fileURLToPath(new URL(entry, import.meta.url))
  const result = await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['source'] },
    build: {
      write: false,
      rolldownOptions: { output: { codeSplitting: false } },
      minify: true,
      target: 'es2022',
      lib: { entry: source, formats: ['es'], fileName: 'entry' },
    },
  })
  const output = (Array.isArray(result) ? result : [result]).flatMap((part) =>
    'output' in part ? part.output : [],
  )
  return output.flatMap((part) => (part.type === 'chunk' ? part.code : [])).join('\n')
}

interface Page1 {
  backend: typeof import('./page.ts')
}

describe.skipIf(lacking('chromium'))('in Chromium', () => {
  let browser: Browser
  let server: Awaited<ReturnType<typeof serve>>
  const pages = new Map<string, { type: string; body: string | Uint8Array }>()

  const open = async (path: string): Promise<Page> => {
    const page = await browser.newPage()
    await page.goto(server.url + path)
    await expect.poll(() => page.evaluate(() => 'backend' in globalThis), { timeout: 20_000 }).toBe(true)
    return page
  }

  beforeAll(async () => {
    const script =
      '<!doctype html><script type="module">globalThis.backend = await import("/entry.js")</script>'
    const policy = "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; worker-src 'self'"
    pages.set('/', { type: 'text/html', body: script })
    pages.set('/strict', {
      type: 'text/html',
      body: script.replace(
        '<script',
        `<meta http-equiv="Content-Security-Policy" content="${policy}"><script`,
      ),
    })
    pages.set('/trusted', {
      type: 'text/html',
      body: script.replace(
        '<script',
        `<meta http-equiv="Content-Security-Policy" content="require-trusted-types-for 'script'"><script`,
      ),
    })
    pages.set('/entry.js', { type: 'text/javascript', body: await bundle('./page.ts') })
    pages.set('/abandon.js', {
      type: 'text/javascript',
      body: `import { abandon } from '/entry.js'
        onmessage = async ({ data }) => postMessage(await abandon(data))
        postMessage('ready')`,
    })
    pages.set('/worker.mjs', { type: 'text/javascript', body: await bundle('../src/worker.ts') })
    server = await serve((path) => pages.get(path))
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  test('relaxed and plain kernels, one and two threads, agree with the reference', async () => {
    const page = await open('/')
    const model = network('s0', 64)
    const inputs = image(model, 5)
    const want = (await (await reference().compile(model)).run(inputs)).logits!.data
    const scale = Math.max(...want.map(Math.abs))
    const found = await page.evaluate(
      async ([data]) => (globalThis as unknown as Page1).backend.logits('s0', 64, data as number[]),
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
    const page = await open('/')
    const found = await page.evaluate(async () => {
      const { start, fastest } = (globalThis as unknown as Page1).backend
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
      const page = await open('/')
      const model = modelFromCheckpoint(readCheckpoint(readGolden('mobileone_s0.pth.tar')))
      const weights = Object.entries(model.weights)
      pages.set('/weights.f32', {
        type: 'application/octet-stream',
        body: Buffer.concat(
          weights.map(([, { data }]) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
        ),
      })
      pages.set('/input.f32', {
        type: 'application/octet-stream',
        body: readGolden('s0-input-1x3x224x224.f32'),
      })
      const found = await page.evaluate(
        (names) => (globalThis as unknown as Page1).backend.realLogits(names),
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
    const page = await open('/strict')
    const refused = await page.evaluate(() => (globalThis as unknown as Page1).backend.start({ threads: 2 }))
    expect(refused).toMatch(/^unavailable: .*pass its address as `worker`/)
    const started = await page.evaluate(() =>
      (globalThis as unknown as Page1).backend.start({ threads: 2, worker: '/worker.mjs' }),
    )
    expect(started).toBe('ran')
    await page.close()
  })

  test('a worker that compiled for two threads, or gave up, and is ended then, ends', async () => {
    const page = await open('/')
    for (let cycle = 0; cycle < 40; cycle++) {
      await page.evaluate(
        async (ms) => {
          const worker = new Worker('/abandon.js', { type: 'module' })
          const message = (): Promise<unknown> => new Promise((resolve) => (worker.onmessage = resolve))
          await message()
          worker.postMessage(ms)
          await message()
          worker.terminate()
        },
        cycle % 2 === 0 ? cycle / 2 : 10_000,
      )
    }
    await expect.poll(() => page.workers().length, { timeout: 10_000 }).toBe(0)
    await page.close()
  })

  test('Trusted Types: an address is refused with a remedy, a TrustedScriptURL starts', async () => {
    const page = await open('/trusted')
    const found = await page.evaluate(async () => {
      const { start } = (globalThis as unknown as Page1).backend
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
    const page = await browser.newPage()
    await page.route('**/*', async (route) => {
      const response = await route.fetch()
      const {
        'cross-origin-opener-policy': _,
        'cross-origin-embedder-policy': __,
        ...headers
      } = response.headers()
      await route.fulfill({ response, headers })
    })
    await page.goto(server.url)
    await expect.poll(() => page.evaluate(() => 'backend' in globalThis), { timeout: 20_000 }).toBe(true)
    const found = await page.evaluate(async () => {
      const { backend } = globalThis as unknown as Page1
      return { ran: await backend.start({ threads: 2 }), features: await backend.features() }
    })
    expect(found.ran).toBe('ran')
    expect(page.workers()).toEqual([])
    expect(found.features.join()).toContain('Cross-Origin-Embedder-Policy: require-corp')
    await page.close()
  })
})
