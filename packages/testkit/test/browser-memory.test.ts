import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrowserMemory, lacking, launchChromium, serve } from '../src/index.ts'

const counting = `globalThis.collected = 0; globalThis.gc = () => { collected++ }\n`
const workers: Readonly<Record<string, string>> = {
  '/idle.js': counting,
  '/busy.js': `${counting}setTimeout(() => { const end = performance.now() + 1500; while (performance.now() < end); })`,
  // Its memory is shared, as that of threads of WebAssembly.
  '/asleep.js': `${counting}const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })
onmessage = () => Atomics.wait(new Int32Array(buffer), 0, 0, 3000)`,
}

describe.skipIf(lacking('chromium'))('the memory of a browser whose workers', () => {
  let browser: Browser
  let server: Awaited<ReturnType<typeof serve>>
  beforeAll(async () => {
    browser = await launchChromium()
    server = await serve((path) => {
      if (path === '/') return { type: 'text/html', body: '<!doctype html><link rel="icon" href="data:,">' }
      const body = workers[path]
      return body === undefined ? undefined : { type: 'text/javascript', body }
    })
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  async function open(...names: readonly string[]): Promise<{ page: Page; memory: BrowserMemory }> {
    const page = await browser.newPage()
    await page.goto(server.url)
    for (const name of names) {
      const started = page.waitForEvent('worker')
      await page.evaluate((address) => {
        const worker = new Worker(address)
        worker.postMessage('go')
        Object.assign(globalThis, { held: [...((globalThis as { held?: unknown[] }).held ?? []), worker] })
      }, name)
      await started
    }
    return { page, memory: await BrowserMemory.of(browser, page) }
  }

  const collected = (page: Page, name: string): Promise<number> =>
    page
      .workers()
      .find((worker) => worker.url().endsWith(name))!
      .evaluate(() => (globalThis as unknown as { collected: number }).collected)

  it('sleep is told without waiting for them, and they collect once when they wake', async () => {
    const { page, memory } = await open('/asleep.js', '/idle.js')
    await new Promise((resolve) => setTimeout(resolve, 200))
    const start = performance.now()
    expect(await memory.look()).toMatchObject({ workers: 2 })
    await memory.look()
    expect(performance.now() - start).toBeLessThan(2500)
    expect(await collected(page, '/idle.js')).toBe(2)
    expect(await collected(page, '/asleep.js')).toBe(1)
    await memory.look()
    expect(await collected(page, '/asleep.js')).toBe(2)
    await page.close()
  })

  it('are at work waits until they have collected', async () => {
    const { page, memory } = await open('/busy.js')
    const start = performance.now()
    await memory.look()
    expect(performance.now() - start).toBeGreaterThan(500)
    expect(await collected(page, '/busy.js')).toBe(1)
    await page.close()
  })
})
