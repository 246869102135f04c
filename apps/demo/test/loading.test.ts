import { fileURLToPath } from 'node:url'
import { lacking, launchChromium } from '@mobileone/testkit'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FirstLoad, measureFirstLoad } from '../src/measure/first-load.ts'

const folder = fileURLToPath(new URL('../dist/site', import.meta.url))

describe.skipIf(lacking('chromium'))('a first visit', () => {
  let browser: Browser
  let visit: FirstLoad
  beforeAll(async () => {
    browser = await launchChromium()
    visit = await measureFirstLoad(browser, folder)
  })
  afterAll(() => browser?.close())

  it('takes at most 300 kB until a picture can be classified, headers included, each file once', () => {
    const { sentBytes, files } = visit
    const described = files.map(({ by, path, bytes }) => `${by} ${path} ${bytes}`).join('\n')
    const bodies = files.reduce((sum, { bytes }) => sum + bytes, 0)
    // The timelines say the same as the server: nothing was asked for that is not listed.
    expect(sentBytes, described).toBeGreaterThan(bodies)
    expect(sentBytes - bodies, described).toBeLessThan(40_000)
    expect(sentBytes, described).toBeLessThanOrEqual(300_000)
    const asked = files.filter(({ bytes }) => bytes > 1000).map(({ path }) => path)
    expect(new Set(asked).size, described).toBe(asked.length)
    expect(asked).toContain('/models/fashion-mnist.folded.safetensors')
  })

  it('moves nothing', () => {
    expect(visit.layoutShift).toBeLessThan(0.02)
  })
})
