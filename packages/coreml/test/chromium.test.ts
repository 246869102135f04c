import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { goldenPath, hasChromium, hasGolden, openModulePage } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CoreMLPage } from './chromium-page.ts'

type Opened = Awaited<ReturnType<typeof openModulePage>>

declare const coreml: CoreMLPage

const entry = fileURLToPath(new URL('chromium-page.ts', import.meta.url))
const weights = hasGolden ? '/golden/mobileone_s0.pth.tar' : undefined

/** Bytes of a line of `/proc/<id>/status`. */
function residentBytes(id: number, line: 'VmRSS' | 'VmHWM'): number {
  const found = new RegExp(`^${line}:\\s*(\\d+) kB`, 'm').exec(readFileSync(`/proc/${id}/status`, 'utf8'))
  return Number(found?.[1]) * 1024
}

/**
 * By how much the resident memory of the page's processes rises at its highest point during `run`, above what it is before
 * and after a collection of garbage: JavaScript heap, array buffers, compiled code and all else. From Linux's own counters.
 */
async function peakBytes<T>({ page }: Opened, run: () => Promise<T>): Promise<readonly [bytes: number, T]> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const browser = await page.context().browser()?.newBrowserCDPSession()
  const { processInfo } = (await browser?.send('SystemInfo.getProcessInfo')) ?? { processInfo: [] }
  const processes = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
  expect(processes.length).toBeGreaterThan(0)
  const before = processes.map((id) => residentBytes(id, 'VmRSS'))
  // 5 sets the highest resident size back to the present one (proc(5)).
  for (const id of processes) writeFileSync(`/proc/${id}/clear_refs`, '5')
  const result = await run()
  const rises = processes.map((id, index) => residentBytes(id, 'VmHWM') - (before[index] as number))
  return [rises.reduce((sum, rise) => sum + Math.max(0, rise), 0), result]
}

describe.skipIf(!hasChromium)(`an S0 with ${hasGolden ? 'its real' : 'random'} weights in Chromium`, () => {
  let opened: Opened
  beforeAll(async () => {
    opened = await openModulePage({ entry, folders: hasGolden ? { '/golden/': goldenPath() } : {} })
    await opened.page.evaluate((address) => coreml.load(address), weights)
  })
  afterAll(() => opened.close())

  test.each([
    ['float16', 4_300_000],
    ['int8', 2_300_000],
    ['float32', 8_500_000],
  ] as const)('%s: a zip file in under two seconds and 100 MB', async (precision, size) => {
    const [peak, { ms, bytes }] = await peakBytes(opened, () =>
      opened.page.evaluate((wanted) => coreml.exportZip(wanted), precision),
    )
    console.log(`${precision}: ${bytes} bytes in ${ms.toFixed(0)} ms, ${(peak / 1e6).toFixed(0)} MB at most`)
    expect(bytes).toBeLessThan(size)
    expect(bytes).toBeGreaterThan(0.9 * size)
    expect(ms).toBeLessThan(2000)
    expect(peak).toBeGreaterThan(bytes)
    expect(peak).toBeLessThan(100e6)
  })
})
