import { checkScreenshot } from '@mobileone/site-kit/testing'
import { type BrowserName, type EngineSite, lacking, openEngineSite } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveSite } from './open-site.ts'

const patient = { timeout: 60_000, interval: 200 }
const screenshots = new URL('../screenshots/', import.meta.url)

function classifies(engine: BrowserName): void {
  let server: Awaited<ReturnType<typeof serveSite>>
  let site: EngineSite
  beforeAll(async () => {
    server = await serveSite()
    site = await openEngineSite(engine, server.url)
  })
  afterAll(async () => {
    await site?.close()
    server?.close()
  })

  it('classifies the picture it opens with', async () => {
    await expect.poll(() => site.text('.bars .name'), patient).toBe('Ankle boot')
    const { width, content } = await site.size()
    expect(content).toBeLessThanOrEqual(width)
    expect(await site.problems()).toEqual([])
    await checkScreenshot(screenshots, `classify-${engine}`, await site.screenshot())
  })

  it('classifies another one, whose decoder is loaded only now', async () => {
    await site.click('.samples li:nth-of-type(3) .sample')
    await expect.poll(() => site.text('.bars .name'), patient).not.toBe('Ankle boot')
    expect(await site.text('[role=alert]')).toBe(null)
  })
}

describe.skipIf(lacking('firefox'))('the demo in Firefox', () => classifies('firefox'))
describe.skipIf(lacking('webkit'))('the demo in WebKitGTK', () => classifies('webkit'))
