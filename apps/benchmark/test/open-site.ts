import { openServedSite, type Site, takeScreenshotsTo, violations } from '@mobileone/site-kit/testing'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { startServer } from '../src/server.ts'

export type { Site, SitePage } from '@mobileone/site-kit/testing'
export { violations }

/** The built site, served as `npm run bench -- --serve` serves it, and Chromium with `browserArguments`. */
export async function openSite(browserArguments: readonly string[] = []): Promise<Site> {
  const server = await startServer()
  return openServedSite(server.url, () => server.close(), browserArguments)
}

/** Go to `#name`; settles when the page, `shown`, is drawn. */
export async function goTo(page: Page, name: string, shown = name): Promise<void> {
  await page.evaluate((hash) => {
    location.hash = hash
  }, name)
  await page.waitForSelector(`main[data-page="${shown}"] > :not(h1, .loading)`)
}

/** What tests ask of each view on a phone: nothing that axe objects to, no scrolling sideways, and in the light screenshots. */
export function phoneCheck(page: Page, colorScheme: 'light' | 'dark'): (view: string) => Promise<void> {
  return async (view) => {
    expect(await violations(page), view).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth), view).toBe(390)
    if (colorScheme === 'dark') return
    await takeScreenshots(page, view)
    await page.setViewportSize({ width: 390, height: 844 })
    await page.emulateMedia({ colorScheme })
  }
}

/** `screenshots/<name>-<width>-<theme>.png` of the page as it is now: see `takeScreenshotsTo`. */
export function takeScreenshots(
  page: Page,
  name: string,
  options?: Parameters<typeof takeScreenshotsTo>[3],
): Promise<void> {
  return takeScreenshotsTo(new URL('../screenshots/', import.meta.url), page, name, options)
}
