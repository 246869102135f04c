import { lacking } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelReady, openSite, type Site } from './open-site.ts'

describe.skipIf(lacking('chromium'))('the page', () => {
  let site: Site
  beforeAll(async () => {
    site = await openSite()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  it('loads the embedded model, isolated, on two threads, and asks nobody else', async () => {
    const { page, problems, close } = await site.open('?threads=2')
    await modelReady(page)
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
    expect(problems).toEqual([])
    await close()
  })

  it('goes from view to view by the address, and never sideways on a phone', async () => {
    const { page, problems, close } = await site.open('', { viewport: { width: 360, height: 740 } })
    for (const name of ['classify', 'checkpoint', 'teach', 'train', 'explain']) {
      await page.click(`nav a[href="#${name}"]`)
      await page.waitForSelector(`main[data-view="${name}"]`)
      expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBe(360)
    }
    expect(problems).toEqual([])
    await close()
  })
})
