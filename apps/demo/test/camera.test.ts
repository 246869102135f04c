import { lacking } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startCamera } from './camera-view.ts'
import { openSite, type Site } from './open-site.ts'

const patient = { timeout: 30_000 }

// What there is with a camera: camera.slow.test.ts.
describe.skipIf(lacking('chromium'))('the camera', () => {
  let site: Site
  beforeAll(async () => {
    site = await openSite()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  it('says why there is none', async () => {
    const { page, problems, close } = await site.open('#explain')
    for (const [name, words] of [
      ['NotAllowedError', /The camera was denied; allow it/],
      ['NotFoundError', /There is no camera; connect one/],
      ['NotReadableError', /close what else uses it/],
      [undefined, /serve the page over https/],
    ] as const) {
      await page.evaluate((failure) => {
        if (failure) {
          navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', failure))
        } else Object.defineProperty(navigator, 'mediaDevices', { value: undefined })
      }, name)
      await page.click('nav a[href="#classify"]')
      await startCamera(page)
      await expect.poll(() => page.textContent('.camera .notice').catch(() => ''), patient).toMatch(words)
      await page.click('nav a[href="#explain"]')
      await page.waitForSelector('main[data-view="explain"]')
    }
    expect(problems).toEqual([])
    await close()
  })
})
