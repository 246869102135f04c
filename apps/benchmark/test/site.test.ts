import { lacking } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSite, type Site } from './open-site.ts'

// What axe and narrow windows say of all pages: site.slow.test.ts.
describe.skipIf(lacking('chromium'))('the site, for everyone', { retry: 1, timeout: 90_000 }, () => {
  let site: Site
  beforeAll(async () => {
    site = await openSite()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  it('is isolated, leads on by the keyboard, and says where one is', async () => {
    const { page, problems, close } = await site.open()
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main')
    await page.focus('.top nav a[href="#studies"]')
    await page.keyboard.press('Enter')
    await page.waitForSelector('main[data-page="studies"] > :not(h1, .loading)')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main')
    expect(await page.getAttribute('.top nav [aria-current="page"]', 'href')).toBe('#studies')
    expect(await page.title()).toBe('Studies - MobileOne benchmark')
    await page.click('.foot a')
    await page.getByRole('heading', { name: 'Workload for browser vendors' }).waitFor()
    expect(problems).toEqual([])
    await close()
  })
})
