import { fileURLToPath } from 'node:url'
import { lacking, launchChromium } from '@mobileone/testkit'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FirstLoad, measureFirstLoad } from '../src/measure/first-load.ts'
import { longTasks, watchLongTasks } from './long-tasks.ts'

const folder = fileURLToPath(new URL('../dist/site', import.meta.url))

describe.skipIf(lacking('chromium'))('a first visit', () => {
  let browser: Browser
  let visits: FirstLoad[]
  beforeAll(async () => {
    browser = await launchChromium()
    visits = [await measureFirstLoad(browser, folder), await measureFirstLoad(browser, folder)]
  })
  afterAll(() => browser?.close())

  it('takes at most 300 kB until a picture can be classified, headers included, each file once', () => {
    for (const { sentBytes, files } of visits) {
      const described = files.map(({ by, path, bytes }) => `${by} ${path} ${bytes}`).join('\n')
      const bodies = files.reduce((sum, { bytes }) => sum + bytes, 0)
      // The timelines say the same as the server: nothing was asked for that is not listed.
      expect(sentBytes, described).toBeGreaterThan(bodies)
      expect(sentBytes - bodies, described).toBeLessThan(40_000)
      expect(sentBytes, described).toBeLessThanOrEqual(300_000)
      const asked = files.filter(({ bytes }) => bytes > 1000).map(({ path }) => path)
      expect(new Set(asked).size, described).toBe(asked.length)
      expect(asked).toContain('/models/fashion-mnist.folded.safetensors')
    }
  })

  it('moves nothing', () => {
    for (const { layoutShift } of visits) expect(layoutShift).toBeLessThan(0.02)
  })

  // By the clock a visit takes longer, too, when another program has the processor meanwhile.
  it('is fast', { retry: 2 }, async () => {
    await watchLongTasks(browser)
    const visit = await measureFirstLoad(browser, folder)
    expect(await longTasks(browser)).toEqual([])
    expect(visit.firstContentfulPaint).toBeLessThan(1500)
    expect(visit.largestContentfulPaint).toBeLessThan(2000)
    expect(visit.ready).toBeLessThan(3000)
  })
})
