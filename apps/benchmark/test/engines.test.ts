import { checkScreenshot } from '@mobileone/site-kit/testing'
import { type BrowserName, type EngineSite, lacking, openEngineSite } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BenchServer, startServer } from '../src/server.ts'
import { checkInt8Lanes } from './int8-lanes.ts'

const patient = { timeout: 100_000, interval: 300 }
const screenshots = new URL('../screenshots/', import.meta.url)

function measures(engine: BrowserName): void {
  let server: BenchServer
  let site: EngineSite
  beforeAll(async () => {
    server = await startServer()
    site = await openEngineSite(engine, server.url, '/?contenders=mobileone-wasm&size=64&rounds=3')
  })
  afterAll(async () => {
    await site?.close()
    await server?.close()
  })

  it('measures one contender and shows what it found', { timeout: 150_000 }, async () => {
    await site.click('.run-panel button', 'Start')
    const state = async (): Promise<string> =>
      (await site.text('[data-status="done"]')) === null
        ? ((await site.text('[data-status="failed"]')) ?? 'running')
        : 'done'
    await expect.poll(state, patient).not.toBe('running')
    expect(await state()).toBe('done')
    expect(await site.text('.run-report')).toMatch(/MobileOne.* ms/s)
    expect(await site.text('.run-report .strip')).not.toBeNull()
    const { width, content } = await site.size()
    expect(content).toBeLessThanOrEqual(width)
    expect(await site.problems()).toEqual([])
    await checkScreenshot(screenshots, `run-${engine}`, await site.screenshot())
  })

  it('int8 beside float32, measured without the page', { timeout: 400_000 }, () => checkInt8Lanes([engine]))
}

describe.skipIf(lacking('firefox'))('the benchmark page in Firefox', () => measures('firefox'))
describe.skipIf(lacking('webkit'))('the benchmark page in WebKitGTK', () => measures('webkit'))
