import { lacking } from '@mobileone/testkit'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelReady, openSite, type Site } from './open-site.ts'
import { expectSuitsEveryone, goTo, views } from './views.ts'

describe.skipIf(lacking('chromium'))('the page, for everyone', { retry: 1, timeout: 90_000 }, () => {
  let site: Site
  beforeAll(async () => {
    site = await openSite()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  // The other widths and schemes: accessibility.slow.test.ts.
  it('has nothing that axe objects to, light, 390 wide', async () => {
    const viewport = { width: 390, height: 844 }
    const { page, close } = await site.open('', { viewport, colorScheme: 'light', reducedMotion: 'reduce' })
    await modelReady(page)
    for (const view of views) {
      await goTo(page, view)
      await expectSuitsEveryone(page, view)
    }
    await close()
  })

  it('leads through all views by the keyboard alone, and says where one is', async () => {
    const { page, problems, close } = await site.open()
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
    await close()
  })

  it('changes its theme, and keeps it', async () => {
    const { page, close } = await site.open('', { colorScheme: 'light' })
    const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const light = await ground()
    await page.click('button.theme')
    expect(await ground()).toBe(light)
    await page.click('button.theme')
    const dark = await ground()
    expect(dark).not.toBe(light)
    expect(await page.getAttribute('button.theme', 'aria-label')).toBe('Theme: dark')
    await page.reload()
    expect(await ground()).toBe(dark)
    await close()
  })
})

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
