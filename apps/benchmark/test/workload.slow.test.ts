import { readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lacking, type Page as ServedPage, serve, softwareGpu, webaiRunnerFolder } from '@mobileone/testkit'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runnerOptions, workloadOptions } from '../src/workload/options.ts'
import { remoteSuites, suitesJson } from '../src/workload/suites.ts'
import { openSite, type Site, takeScreenshots, violations } from './open-site.ts'

const siteFolder = fileURLToPath(new URL('../dist/site/', import.meta.url))

describe('the suites', () => {
  it('are pages whose addresses state their options, also with what the runner appends', () => {
    const suites = remoteSuites('https://example.com/')
    expect(suites.map(({ name, url, tags }) => `${name} ${url.slice(20)} ${tags.join()}`)).toEqual([
      'MobileOne-S0-Image-Classification-wasm workload.html?threads=1 default,image-classification,wasm,mobileone',
      'MobileOne-S0-Image-Classification-webgpu workload.html?backend=webgpu default,image-classification,webgpu,mobileone',
      'MobileOne-S1-Image-Classification-wasm workload.html?network=s1&threads=1 default,image-classification,wasm,mobileone',
      'MobileOne-S1-Image-Classification-webgpu workload.html?network=s1&backend=webgpu default,image-classification,webgpu,mobileone',
      'MobileOne-S0-Twenty-Images-wasm workload.html?threads=1&runs=20 image-classification,steady,wasm,mobileone',
      'MobileOne-S0-Twenty-Images-webgpu workload.html?backend=webgpu&runs=20 image-classification,steady,webgpu,mobileone',
      'MobileOne-S0-Start-wasm workload.html?threads=1&measure=start start,wasm,mobileone',
      'MobileOne-S0-Start-webgpu workload.html?backend=webgpu&measure=start start,webgpu,mobileone',
      'MobileOne-S0-Image-Classification-threads-wasm workload.html image-classification,threads,wasm,mobileone',
    ])
    const asked = '?network=s1&threads=1?iterationCount=3&waitBeforeSync=5&tags=mobileone'
    expect(workloadOptions(asked)).toEqual({
      network: 's1',
      backend: 'wasm',
      threads: 1,
      measure: 'run',
      runs: 1,
    })
    expect(runnerOptions(asked)).toEqual({ waitBeforeSync: 5, warmupBeforeSync: 0 })
    expect(workloadOptions('?network=mobilenetv2_100').network).toBe('mobilenetv2_100')
    expect(workloadOptions('?network=s9&threads=-1&runs=1e9')).toEqual(workloadOptions(''))
    expect(JSON.parse(suitesJson('x/')).suites).toEqual(remoteSuites('x/'))
  })
})

/** What a page of another origin that speaks the protocol heard. */
interface Heard {
  readonly type: string
  readonly status: string
  readonly appId: string
  readonly test?: string
  readonly message?: string
  readonly result?: { readonly total: number; readonly steps: Record<string, { readonly total: number }> }
}

/** Shows `address` in a frame as the runner does, asks for `suite` once the page is ready, and keeps what it says. */
const hostPage = `<!doctype html><title>host</title><script>
globalThis.measure = (address, suite) => new Promise((resolve) => {
  const heard = []
  const frame = document.createElement('iframe')
  addEventListener('message', ({ data, source }) => {
    if (source !== frame.contentWindow) return
    heard.push(data)
    const ask = (id) => frame.contentWindow.postMessage({ id, key: 'benchmark-connector', type: 'benchmark-suite', name: suite }, '*')
    if (data.type === 'app-ready') {
      ask('somebody else')
      frame.contentWindow.postMessage('noise', '*')
      ask(data.appId)
    }
    if (data.type === 'suite-complete') resolve(heard)
  })
  frame.style.width = '800px'
  frame.style.height = '600px'
  frame.src = address
  document.body.append(frame)
})</script>`

describe.skipIf(lacking('chromium'))('the page of the workload', { retry: 1, timeout: 90_000 }, () => {
  let site: Site
  let host: Awaited<ReturnType<typeof serve>>
  beforeAll(async () => {
    host = await serve(() => ({ type: 'text/html', body: hostPage }))
    site = await openSite(softwareGpu)
  })
  afterAll(async () => {
    await site?.[Symbol.asyncDispose]()
    await host?.close()
  })

  async function measured(query: string, suite = 'default'): Promise<{ heard: Heard[]; page: Page }> {
    const page = await site.browser.newPage()
    await page.goto(host.url)
    const heard = await page.evaluate(
      ([address, name]) =>
        (globalThis as unknown as { measure(...given: string[]): Promise<Heard[]> }).measure(
          address as string,
          name as string,
        ),
      [`${site.url}/workload.html${query}?iterationCount=1`, suite],
    )
    return { heard, page }
  }

  it('is measured by an isolated page of another origin, a step at a time', async () => {
    const { heard, page } = await measured('?threads=1&runs=3')
    const steps = ['Image-1', 'Image-2', 'Image-3']
    expect(heard.map(({ type, test }) => test ?? type)).toEqual(['app-ready', ...steps, 'suite-complete'])
    expect(new Set(heard.map(({ appId }) => appId))).toEqual(
      new Set(['mobileone-image-classification-1.0.0']),
    )
    const { status, result } = heard.at(-1) as Heard
    expect(status).toBe('success')
    expect(Object.keys(result?.steps ?? {})).toEqual(steps)
    const times = Object.values(result?.steps ?? {}).map(({ total }) => total)
    for (const ms of times) expect(ms).toBeGreaterThan(1)
    expect(result?.total).toBeCloseTo(times.reduce((sum, ms) => sum + ms))
    const frame = page.frames()[1]
    expect(await frame?.locator('.predictions li').count()).toBe(5)
    const measures = await frame?.evaluate(() =>
      performance.getEntriesByType('measure').map(({ name }) => name),
    )
    expect(measures).toEqual([
      'suite-default',
      ...steps.flatMap((step) => [`default.${step}-sync`, `default.${step}-async`]),
    ])
    await page.close()
  })

  it('measures starts and WebGPU, each with the right answer', async () => {
    const { heard, page } = await measured('?backend=webgpu&measure=start')
    expect(heard.map(({ type, test, message }) => message ?? test ?? type)).toEqual([
      'app-ready',
      'Compile',
      'First-Image',
      'suite-complete',
    ])
    await page.close()
  })

  it('tells the runner what fails, which would wait for ever otherwise', async () => {
    const { heard, page } = await measured('?threads=64')
    expect(heard.map(({ type }) => type)).toEqual(['app-ready', 'suite-complete'])
    expect(heard[1]).toMatchObject({ status: 'error', message: expect.stringMatching(/threads/) })
    expect(heard[1]).not.toHaveProperty('result')
    await page.close()
    const unknown = await measured('?threads=1', 'other')
    expect(unknown.heard[1]?.message).toBe('this page has no suite "other"; it has default')
    await unknown.page.close()
  })

  it('serves a visitor as well', async () => {
    const { page, problems, close } = await site.open('workload.html?threads=1', {
      viewport: { width: 390, height: 844 },
    })
    await page.getByRole('button', { name: 'Measure' }).click()
    await page.getByText('The answer is right.').waitFor()
    expect(await page.locator('.predictions li').count()).toBe(5)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      expect(await violations(page), colorScheme).toEqual([])
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    await takeScreenshots(page, 'workload')
    await page.getByLabel('Network').selectOption('tinynet_e_silu')
    await page.waitForURL(/network=tinynet_e_silu/)
    await page.getByRole('heading', { name: /with TinyNet-E on WebAssembly/ }).waitFor()
    await page.getByRole('button', { name: 'Measure' }).click()
    await page.getByText('The answer is right.').waitFor()
    expect(problems).toEqual([])
    await close()
  })
})

describe.skipIf(lacking('chromium', 'webai-runner'))(
  'the runner of webai-compute-benchmark',
  { retry: 1, timeout: 180_000 },
  () => {
    const types: Readonly<Record<string, string>> = {
      '.html': 'text/html',
      '.mjs': 'text/javascript',
      '.js': 'text/javascript',
      '.json': 'application/json',
      '.css': 'text/css',
      '.svg': 'image/svg+xml',
    }
    /** The runner, with a copy of this site in the folder that `suites.json` of the build names. */
    const find = (path: string): ServedPage | undefined => {
      const copied = path.startsWith('/resources/mobileone/')
      const folder = copied ? siteFolder : webaiRunnerFolder
      const file = join(folder, copied ? path.slice(21) : path === '/' ? 'index.html' : path)
      return file.startsWith(folder) && statSync(file, { throwIfNoEntry: false })?.isFile()
        ? { type: types[extname(file)] ?? 'application/octet-stream', body: readFileSync(file) }
        : undefined
    }
    let site: Site
    let runner: Awaited<ReturnType<typeof serve>>
    beforeAll(async () => {
      site = await openSite(softwareGpu)
      runner = await serve(find)
    })
    afterAll(async () => {
      await site?.[Symbol.asyncDispose]()
      await runner?.close()
    })

    async function score(query: string): Promise<{ totals: Map<string, number[]>; errors: string[] }> {
      const page = await site.browser.newPage({ viewport: { width: 1000, height: 800 } })
      const errors: string[] = []
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
      page.on('pageerror', (error) => errors.push(error.message))
      await page.goto(`${runner.url}/?${query}&startAutomatically`)
      await page.waitForSelector('#result-number:not(:empty)', { state: 'attached', timeout: 90_000 })
      const totals = await page.evaluate(() => {
        const { metrics } = (
          globalThis as unknown as { benchmarkClient: { metrics: Record<string, { values: number[] }> } }
        ).benchmarkClient
        return Object.entries(metrics).map(([name, { values }]) => [name, values] as const)
      })
      await page.close()
      return { totals: new Map(totals), errors }
    }

    it('measures the suites of `?config=`, of this origin and of a copy in its own', async () => {
      const names = [
        'MobileOne-S0-Image-Classification-wasm',
        'MobileOne-S0-Image-Classification-webgpu',
        'MobileOne-S0-Start-wasm',
        'MobileOne-S0-Image-Classification-threads-wasm',
      ]
      for (const base of [site.url, 'resources/mobileone']) {
        const { totals, errors } = await score(
          `config=${base}/suites.json&suites=${names.join()}&iterationCount=2&waitBeforeSync=1`,
        )
        expect(errors).toEqual([])
        for (const name of [...names, 'Score']) {
          expect(totals.get(name), name).toHaveLength(2)
          for (const value of totals.get(name) ?? []) expect(value, name).toBeGreaterThan(0)
        }
        expect([...totals.keys()]).toContain('MobileOne-S0-Start-wasm/Compile')
      }
    })

    it('stops with an error where a suite fails', async () => {
      const suites = [
        { ...remoteSuites(`${site.url}/`)[0], name: 'wrong', url: `${site.url}/workload.html?threads=64` },
      ]
      const config = `data:application/json,${JSON.stringify({ suites })}`
      const { totals, errors } = await score(
        `config=${encodeURIComponent(config)}&suites=wrong&iterationCount=1`,
      )
      expect(totals.size).toBe(0)
      expect(errors.join('\n')).toMatch(/threads/)
    })
  },
)
