import { lacking, softwareGpu } from '@mobileone/testkit'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bar, dialog, openDialog, press, said, says } from './choose-dialog.ts'
import { type HubServer, startHub } from './hub-server.ts'
import { longTasks, watchLongTasks } from './long-tasks.ts'
import { modelReady, openSite, type Site, takeScreenshots } from './open-site.ts'

/** Requests of other origins among what a page tells. */
const elsewhere = (problems: readonly string[]): string[] =>
  problems.filter((problem) => problem.startsWith('request: '))

describe.skipIf(lacking('chromium'))('weights from the hub', () => {
  let hub: HubServer
  let site: Site
  beforeAll(async () => {
    hub = await startHub()
    site = await openSite(hub.browserArguments)
  })
  afterAll(async () => {
    await site?.[Symbol.asyncDispose]()
    await hub?.[Symbol.asyncDispose]()
  })

  it('come when they are asked for, stop, go on where they stopped, and come once', async () => {
    const megabytes = (count: number): number => count * 1_000_000
    hub.trouble.set(megabytes(4), 'stall').set(megabytes(12), 'break').set(megabytes(16), 'stall')
    const { page, problems, close } = await site.open('?model=s0', { serviceWorkers: 'allow' })
    const heights = new Set<number>()
    const look = async (words: RegExp): Promise<void> => {
      await says(page, words)
      heights.add((await page.locator('.choose').boundingBox())?.height ?? 0)
    }

    await look(/^21\.7 MB to download/)
    expect(await page.getAttribute(`${bar} a`, 'href')).toMatch(/apple\/ml-mobileone.*LICENSE/)
    expect(await page.title()).toContain('MobileOne')
    expect(problems).toEqual([])

    await press(page, 'Download')
    await look(/Downloading.*of 21\.7 MB/)
    await look(/Stalled [34]\.\d MB of 21\.7 MB, nothing came/)
    await press(page, 'Try now')
    await look(/after the connection broke/)

    await look(/ 1[56]\.\d MB of/)
    await press(page, 'Cancel')
    await look(/1[56]\.\d MB of 21\.7 MB are here/)
    await page.reload()
    await look(/1[56]\.\d MB of 21\.7 MB are here/)
    expect(hub.asked).toHaveLength(3)

    hub.speed = megabytes(3)
    await press(page, 'Resume')
    await look(/Downloading.*MB\/s, \d s left/)
    await modelReady(page)
    await look(/^Ready/)
    expect(heights.size).toBe(1)
    // Each answer goes on where the last stopped: a little of what was sent may have been on the way.
    const places = [0, 4, 12, 16].map(megabytes)
    expect(hub.asked).toHaveLength(places.length)
    for (const [index, { from }] of hub.asked.entries()) {
      expect(from).toBeLessThanOrEqual(places[index] as number)
      expect(from).toBeGreaterThan((places[index] as number) - megabytes(3))
    }

    // Without a network: the page out of its service worker, the weights out of their own cache.
    await page.waitForSelector('.foot :text("Works offline too.")', { timeout: 30_000 })
    problems.length = 0
    await page.context().setOffline(true)
    await page.reload()
    await modelReady(page)
    await openDialog(page)
    await page.check('input[value="float16"]')
    await page.waitForSelector('.choose-times tbody tr:nth-child(2)')
    await modelReady(page)
    expect(problems).toEqual([])
    expect(new URL(page.url()).search).toBe('?model=s0&storage=float16')
    expect(await page.textContent(`${dialog} label:has(input[value="s0"])`)).toContain('on this device')
    await page.context().setOffline(false)

    await says(page, /Ready/)
    expect(await page.textContent('.choose-kept')).toMatch(/2\d\.\d MB of downloaded weights/)
    await page.click('.choose-kept button')
    await page.waitForSelector('.choose-kept :text("No downloaded weights")')
    expect(await said(page)).toMatch(/^Ready/)
    await page.reload()
    await look(/^21\.7 MB to download/)
    expect(elsewhere(problems)).toEqual([])
    await close()
  }, 60_000)

  it('leave the page free while they come, are folded, packed, compiled and run', { retry: 2 }, async () => {
    hub.speed = 60e6
    const { page, close } = await site.open('?model=s0&threads=2')
    await says(page, /to download/)
    await watchLongTasks(page)
    await press(page, 'Download')
    await modelReady(page)
    await openDialog(page)
    await page.click('.choose-times button')
    await page.waitForSelector('.choose-times .steady strong')
    const row = (await page.locator('.choose-times tbody tr').allInnerTexts()).join()
    expect(row).toMatch(/MobileOne S0/)
    expect(await longTasks(page), row.replace(/\s+/g, ' ')).toEqual([])

    await page.check('input[value="fashion-mnist"]')
    await page.waitForSelector('.choose-times tbody tr:nth-child(2)')
    await modelReady(page)
    await takeScreenshots(page, 'choose', { fullPage: false })
    const before = (): Promise<void> => page.locator('.choose-kept').scrollIntoViewIfNeeded()
    await takeScreenshots(page, 'choose-times', { fullPage: false, before })
    await close()
  })
})

describe.skipIf(lacking('chromium'))('what the model runs on', () => {
  let site: Site
  beforeAll(async () => {
    site = await openSite(softwareGpu)
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  const classifiers = (page: Page): number =>
    page.workers().filter((worker) => worker.url().includes('classifier-worker')).length

  it('ends every worker that it no longer needs, however quickly the choice changes', async () => {
    const { page, problems, close } = await site.open('')
    await openDialog(page)
    for (let turn = 0; turn < 12; turn++) {
      await page.check(`input[value="${turn % 2 ? 'float32' : 'float16'}"]`)
      if (turn % 3 === 0) await page.waitForTimeout(80)
    }
    await modelReady(page)
    await expect.poll(() => classifiers(page), { timeout: 10_000 }).toBe(1)
    expect(new URL(page.url()).search).toBe('')

    // A worker that ends is told by the next call, and made anew when the visitor says so.
    await Promise.all(page.workers().map((worker) => worker.evaluate(() => self.close()).catch(() => {})))
    await page.$eval('.choose-times button', (button: HTMLButtonElement) => button.click())
    await says(page, /What the model ran on is gone/)
    await expect.poll(() => classifiers(page)).toBe(0)
    await page.click(`${dialog} .choose-actions button:text-is("Load again")`)
    await modelReady(page)
    await page.click('.choose-times button')
    await page.waitForSelector('.choose-times .steady strong')
    expect(classifiers(page)).toBe(1)
    expect(problems).toEqual([])
    await close()
  })

  it('is WebGPU where there is an adapter, also after its process was lost', async () => {
    const { page, problems, close } = await site.open('')
    await modelReady(page)
    await openDialog(page)
    await page.waitForSelector(`${dialog} .chips:has-text("adapter: ")`)
    await page.check('input[value="webgpu"]')
    await page.waitForSelector('.choose-times tbody tr:nth-child(2)')
    await modelReady(page)
    expect(await page.textContent('.choose-times tr[aria-current]')).toMatch(/WebGPU/)
    expect(problems).toEqual([])

    // The backend makes a device anew when the one before is gone.
    const session = await site.browser.newBrowserCDPSession()
    await session.send('Browser.crashGpuProcess')
    await page.click('.choose-times button')
    await page.waitForSelector('.choose-times tr[aria-current] .steady strong')
    expect(await said(page)).toMatch(/^Ready/)
    await close()
  }, 60_000)
})

it.skipIf(lacking('chromium'))(
  'what the model runs on is chosen in a dialog that says why the rest is refused, and times what was tried',
  async () => {
    await using site = await openSite()
    const { page, problems } = await site.open('?threads=2')
    await modelReady(page)
    await page.keyboard.press('Tab')
    await page.focus('.choose-open')
    await page.keyboard.press('Enter')
    await page.waitForSelector(`${dialog}[open] :text("Not here: WebGPU")`)
    expect(await page.isDisabled('input[value="webgpu"]')).toBe(true)
    expect(await page.textContent('label:has(input[value="wasm"])')).toMatch(/simd/)
    expect(await page.textContent('.choose-panel select')).toMatch(/^12/)

    await page.click('.choose-times button')
    await page.waitForSelector('.choose-times .steady strong')
    await page.check('input[value="float16"]')
    await page.selectOption('.choose-panel select', '1')
    await page.waitForSelector('.choose-times tr[aria-current]:has-text("float16, WebAssembly, 1 thread")')
    const rows = await page.$$eval('.choose-times tbody tr', (found) =>
      found.map((row) => [...row.children].map((cell) => cell.textContent)),
    )
    const [, ...times] = rows[0] as string[]
    expect(rows.at(-1)?.[0]).toBe('Fashion-MNISTfloat16, WebAssembly, 1 thread')
    for (const at of [0, 1, 4, 5, 6, 7]) expect(times[at]).toMatch(/^\d.* m?s(, median of \d+ runs)?$/)
    expect(times.at(-1)).toMatch(/kB$/)
    expect(new URL(page.url()).search).toBe('?storage=float16')
    await page.evaluate(() => {
      location.hash = '#explain'
    })
    await page.check('input[value="float32"]')
    await page.goBack()
    await expect.poll(() => new URL(page.url()).search).toBe('')
    await modelReady(page)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.evaluate(axe.source)
      const { violations } = await page.evaluate(() =>
        (globalThis as unknown as { axe: typeof axe }).axe.run('.choose-dialog'),
      )
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
    }
    await page.keyboard.press('Escape')
    await page.waitForSelector(`${dialog}:not([open])`, { state: 'attached' })
    expect(await page.evaluate(() => document.activeElement?.className)).toContain('choose-open')
    expect(problems).toEqual([])
  },
)
