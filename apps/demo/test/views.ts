/** Going through the views of the page. */
import { violations } from '@mobileone/site-kit/testing'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** Every view, and the page for addresses that lead nowhere. */
export const views: readonly string[] = ['classify', 'checkpoint', 'teach', 'train', 'explain', 'nothing']

/** Go to a view; settles when it is drawn. */
export async function goTo(page: Page, view: string): Promise<void> {
  await page.evaluate((hash) => (location.hash = hash), view)
  const name = view === 'nothing' ? 'unknown' : view
  await page.waitForSelector(`main[data-view="${name}"] > :not(h1, .loading)`)
}

/** Fails where axe objects to something on the page as it is, or where it scrolls sideways; `shown` says what that is. */
export async function expectSuitsEveryone(page: Page, shown: string): Promise<void> {
  const { width = 0 } = page.viewportSize() ?? {}
  const where = `${shown}, ${width} wide`
  expect(await violations(page), where).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth), where).toBe(width)
}
