/** Going through the pages of the site. */
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { routes } from '../src/site/routes.ts'
import { goTo, violations } from './open-site.ts'

/** Fails where axe objects to something on a page, also that of addresses that lead nowhere, or where it scrolls sideways. */
export async function expectPagesSuitEveryone(page: Page): Promise<void> {
  const { width = 0 } = page.viewportSize() ?? {}
  for (const { name, shown } of [
    ...routes.map(({ name }) => ({ name, shown: name })),
    { name: 'nothing', shown: 'unknown' },
  ]) {
    await goTo(page, name, shown)
    const where = `${name}, ${width} wide`
    expect(await violations(page), where).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth), where).toBe(width)
  }
}
