import { lacking } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelReady, openSite, type Site } from './open-site.ts'
import { expectSuitsEveryone } from './views.ts'

describe.skipIf(lacking('chromium'))('the page, for everyone', { retry: 1, timeout: 90_000 }, () => {
  let site: Site
  beforeAll(async () => {
    site = await openSite()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  // The other views, widths and schemes, and the keyboard: accessibility.slow.test.ts.
  it('changes its theme, and keeps it; has nothing in the dark that axe objects to', async () => {
    const { page, close } = await site.open('', { colorScheme: 'light', reducedMotion: 'reduce' })
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
    await modelReady(page)
    await expectSuitsEveryone(page, 'classify')
    await close()
  })
})
