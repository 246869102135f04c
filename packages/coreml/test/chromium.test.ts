import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { goldenPath, lacking, openModulePage } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CoreMLPage } from './chromium-page.ts'

type Opened = Awaited<ReturnType<typeof openModulePage>>

declare const coreml: CoreMLPage

const entry = fileURLToPath(new URL('chromium-page.ts', import.meta.url))
const hasGolden = !lacking('golden')
const weights = hasGolden ? '/golden/mobileone_s0.pth.tar' : undefined

/** Bytes of a line of `/proc/<id>/status`. */
function residentBytes(id: number, line: 'VmRSS' | 'VmHWM'): number {
  const found = new RegExp(`^${line}:\\s*(\\d+) kB`, 'm').exec(readFileSync(`/proc/${id}/status`, 'utf8'))
  return Number(found?.[1]) * 1024
}

/** Milliseconds that the threads of a process have run, in steps of 10 (USER_HZ, proc(5)). */
function processorMs(id: number): number {
  const fields = readFileSync(`/proc/${id}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return 10 * (Number(fields[11]) + Number(fields[12]))
}

interface Cost {
  /** Time the page's processes ran: unlike the clock it does not count what else a busy machine does. */
  readonly cpuMs: number
  /**
   * Highest resident memory of the page's processes above what it is before, after a collection of garbage: JavaScript heap,
   * array buffers, compiled code and all else, by Linux's own counters.
   */
  readonly peakBytes: number
}

async function costOf<T>({ page }: Opened, run: () => Promise<T>): Promise<readonly [Cost, T]> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const browser = await page.context().browser()?.newBrowserCDPSession()
  const { processInfo } = (await browser?.send('SystemInfo.getProcessInfo')) ?? { processInfo: [] }
  const processes = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(({ id }) => ({ id, resident: residentBytes(id, 'VmRSS'), ms: processorMs(id) }))
  expect(processes.length).toBeGreaterThan(0)
  // 5 sets the highest resident size back to the present one (proc(5)).
  for (const { id } of processes) writeFileSync(`/proc/${id}/clear_refs`, '5')
  const result = await run()
  const cost = { cpuMs: 0, peakBytes: 0 }
  for (const { id, resident, ms } of processes) {
    cost.cpuMs += processorMs(id) - ms
    cost.peakBytes += Math.max(0, residentBytes(id, 'VmHWM') - resident)
  }
  return [cost, result]
}

describe.skipIf(lacking('chromium'))(
  `an S0 with ${hasGolden ? 'its real' : 'random'} weights in Chromium`,
  () => {
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
      const [{ cpuMs, peakBytes }, { ms, bytes }] = await costOf(opened, () =>
        opened.page.evaluate((wanted) => coreml.exportZip(wanted), precision),
      )
      console.log(
        `${precision}: ${bytes} bytes in ${ms.toFixed(0)} ms, of which ${cpuMs} ms running, ${(peakBytes / 1e6).toFixed(0)} MB at most`,
      )
      expect(bytes).toBeLessThan(size)
      expect(bytes).toBeGreaterThan(0.9 * size)
      expect(cpuMs).toBeGreaterThan(0)
      expect(cpuMs).toBeLessThan(2000)
      expect(peakBytes).toBeGreaterThan(bytes)
      expect(peakBytes).toBeLessThan(100e6)
    })
  },
)
