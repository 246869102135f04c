import { lacking } from '@mobileone/testkit'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { modelReady, openSite } from './open-site.ts'
import { expectSuitsEveryone, goTo, views } from './views.ts'

it.skipIf(lacking('chromium'))(
  'the page has nothing that axe objects to, at every width and in every scheme',
  {
    retry: 1,
    timeout: 120_000,
  },
  async () => {
    await using site = await openSite()
    const { page } = await site.open('', { reducedMotion: 'reduce' })
    await modelReady(page)
    for (const [colorScheme, width] of [
      ['light', 390],
      ['dark', 390],
      ['light', 1280],
      ['dark', 1280],
    ] as const) {
      await page.setViewportSize({ width, height: 800 })
      await page.emulateMedia({ colorScheme })
      for (const view of views) {
        await goTo(page, view)
        await expectSuitsEveryone(page, `${view}, ${colorScheme}`)
      }
    }
  },
)

it.skipIf(lacking('chromium'))(
  'the page leads through all views by the keyboard alone, and says where one is',
  {
    retry: 1,
    timeout: 90_000,
  },
  async () => {
    await using site = await openSite()
    const { page, problems } = await site.open()
    await modelReady(page)
    await page.keyboard.press('Tab')
    expect(await focused(page)).toContain('Skip to the content')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main')

    for (const view of views.slice(1, 5)) {
      await page.evaluate(() => (document.querySelector('.brand') as HTMLElement).focus())
      for (let step = 0; step < 8 && !(await focused(page)).includes(`href="#${view}"`); step++) {
        await page.keyboard.press('Tab')
      }
      await page.keyboard.press('Enter')
      await page.waitForSelector(`main[data-view="${view}"] > :not(h1, .loading)`)
      expect(await page.evaluate(() => document.activeElement?.id), view).toBe('main')
      expect(await page.getAttribute('.top nav [aria-current="page"]', 'href')).toBe(`#${view}`)
      expect(await page.title()).toMatch(/^\w+ - MobileOne in your browser$/)
      await walk(page, view)
    }
    expect(problems).toEqual([])
  },
)

function focused(page: Page): Promise<string> {
  return page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200) ?? '')
}

/** Tab through the view: every stop is on the page's own elements, can be seen, and shows that it has the focus. */
async function walk(page: Page, view: string): Promise<void> {
  const seen = new Set<string>()
  for (let step = 0; step < 40; step++) {
    await page.keyboard.press('Tab')
    const stop = await page.evaluate(() => {
      const element = document.activeElement
      if (!element || element === document.body || !element.closest('main')) return undefined
      const { width, height } = element.getBoundingClientRect()
      const { outlineStyle, outlineWidth } = getComputedStyle(element)
      return {
        html: element.outerHTML.slice(0, 120),
        area: width * height,
        outline: outlineStyle === 'none' ? 0 : Number.parseFloat(outlineWidth),
      }
    })
    if (!stop) break
    const where = `${view}: ${stop.html}`
    expect(stop.area, where).toBeGreaterThan(100)
    expect(stop.outline, where).toBeGreaterThan(0)
    seen.add(stop.html)
  }
  // Each view has something to do.
  if (view !== 'explain') return
  expect(seen.size, view).toBeGreaterThan(2)
}
