import { lacking } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { routes } from '../src/site/routes.ts'
import { goTo, openSite, type Site, violations } from './open-site.ts'

const pages = [...routes.map(({ name }) => name), 'nothing']
const pageName = (name: string): string => (name === 'nothing' ? 'unknown' : name)

describe.skipIf(lacking('chromium'))('the site, for everyone', { retry: 1, timeout: 90_000 }, () => {
  let site: Site
  beforeAll(async () => {
    site = await openSite()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  it.each([
    ['light', 360],
    ['dark', 390],
    ['light', 1280],
    ['dark', 1280],
  ] as const)(
    'has nothing that axe objects to and does not scroll sideways: %s, %i wide',
    async (colorScheme, width) => {
      const { page, problems, close } = await site.open('', {
        viewport: { width, height: 800 },
        colorScheme,
        reducedMotion: 'reduce',
      })
      for (const name of pages) {
        await goTo(page, name, pageName(name))
        expect(await violations(page), name).toEqual([])
        expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBe(width)
      }
      expect(problems).toEqual([])
      await close()
    },
  )

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
