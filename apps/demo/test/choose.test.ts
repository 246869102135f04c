import { lacking } from '@mobileone/testkit'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HubServer, startHub } from './hub-server.ts'
import { modelReady, openSite, type Site } from './open-site.ts'

const bar = '.choose-bar'
const dialog = '.choose-dialog'

const said = async (page: Page): Promise<string> =>
  ((await page.textContent(`${bar} .choose-status`)) ?? '').replace(/\s+/g, ' ')
const press = (page: Page, name: string): Promise<void> =>
  page.click(`${bar} .choose-actions button:text-is("${name}")`)
const says = (page: Page, words: RegExp): Promise<unknown> =>
  page.waitForFunction(
    ([selector, pattern]) =>
      new RegExp(pattern as string).test(
        document.querySelector(`${selector} .choose-status`)?.textContent ?? '',
      ),
    [bar, words.source],
    { timeout: 30_000 },
  )
const openDialog = async (page: Page): Promise<void> => {
  await page.click('.choose-open')
  await page.waitForSelector(`${dialog}[open] .choose-times`)
}
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
    const { page, problems, close } = await site.open('?model=s0')
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
    await look(/Nothing comes from the server.* [34]\.\d MB of 21\.7 MB are here/)
    await press(page, 'Try again now')
    await look(/after the connection broke/)

    await look(/Nothing comes from the server.* 1[56]\.\d MB/)
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

    problems.length = 0
    await page.reload()
    await modelReady(page)
    await openDialog(page)
    await page.check('input[value="float16"]')
    await page.waitForSelector('.choose-times tbody tr:nth-child(2)')
    await modelReady(page)
    expect(problems).toEqual([])
    expect(new URL(page.url()).search).toBe('?model=s0&storage=float16')
    expect(await page.textContent(`${dialog} label:has(input[value="s0"])`)).toContain('on this device')

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
})
