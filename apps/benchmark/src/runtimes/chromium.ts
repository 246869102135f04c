import { type Host, type Lane, type LaneHost, nameOf, type PeakLane } from '@mobileone/measure'
import type { SubjectFiles } from '@mobileone/measure/node'
import { launchChromium } from '@mobileone/testkit'
import type { Browser, Page } from 'playwright-core'
import { filesFor, laneRules } from '../contender-rules.ts'
import type { Entry } from '../lineup.ts'
import { type BenchServer, startServer } from '../server.ts'
import type { Harness, PageJob } from '../site/contender-page.ts'
import { type AdapterChoice, launchGpuChromium } from './adapter.ts'
import { pageJob } from './page-job.ts'

export interface ChromiumRuntime {
  readonly version: string
  readonly peaks: readonly PeakLane[]
  lane(entry: Entry, threads: number): Lane
  close(): Promise<void>
}

/**
 * Headless Chromium over pages served from here, cross-origin isolated. Every host is a page of a context of its own: no shared
 * process, no warm cache. With `adapter`, contenders use WebGPU on such an adapter, and what they ask of it is counted.
 */
export async function startChromium(
  files: SubjectFiles,
  threads: readonly number[],
  adapter?: AdapterChoice,
): Promise<ChromiumRuntime> {
  const server = await startServer({ models: files.folder })
  let browser: Browser | undefined
  try {
    const started = (browser = adapter
      ? await launchGpuChromium(`${server.url}/contender.html`, adapter)
      : await launchChromium([], { handleSIGINT: false, handleSIGTERM: false }))
    const peaks = adapter ? [] : await openPeaks(started, server, threads)
    let pages = 0
    return {
      version: started.version(),
      peaks,
      lane: (entry, count) => {
        const identity = { contender: entry.name, runtime: 'chromium', threads: count }
        return {
          ...identity,
          ...laneRules(entry),
          refusal: entry.refuses?.('chromium', count),
          async open(subject): Promise<LaneHost> {
            const run = `${pages++}`
            const job = pageJob(entry, subject, filesFor(entry, files), count)
            return openHost(started, server, run, { ...job, gpu: adapter !== undefined }, nameOf(identity))
          },
        }
      },
      async close() {
        await started.close()
        await server.close()
      },
    }
  } catch (error) {
    await browser?.close()
    await server.close()
    throw error
  }
}

async function openPeaks(
  browser: Browser,
  server: BenchServer,
  threads: readonly number[],
): Promise<readonly PeakLane[]> {
  const { page } = await openPage(browser, server, 'peak')
  const measure = (count: number): ReturnType<Harness['peak']> =>
    page.evaluate((given) => (window.harness as Harness).peak(given), count)
  const { instruction } = await measure(1)
  return threads.map((count) => ({
    runtime: 'chromium',
    threads: count,
    instruction,
    measure: async () => (await measure(count)).gflops,
  }))
}

async function openPage(
  browser: Browser,
  server: BenchServer,
  run: string,
): Promise<{ page: Page; close(): Promise<void> }> {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`${server.runUrl(run)}contender.html`)
  await page.waitForFunction('window.harness')
  return { page, close: () => context.close() }
}

async function openHost(
  browser: Browser,
  server: BenchServer,
  run: string,
  job: PageJob,
  name: string,
): Promise<LaneHost> {
  const { page, close } = await openPage(browser, server, run)
  const crashed = new Promise<never>((_, reject) => {
    page.once('crash', () => reject(new Error(`the page of ${name} crashed`)))
  })
  crashed.catch(() => {})
  const call = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await Promise.race([work, crashed])
    } catch (error) {
      throw new Error(plain(error))
    }
  }
  try {
    await call(page.evaluate((given) => (window.harness as Harness).open(given), job))
  } catch (error) {
    await close()
    throw error
  }
  const host: Host = {
    start: () => call(page.evaluate(() => (window.harness as Harness).start())),
    turn: (turn) => call(page.evaluate((given) => (window.harness as Harness).turn(given), turn)),
    finish: () => call(page.evaluate(() => (window.harness as Harness).finish())),
    classify: (photograph) =>
      call(page.evaluate((given) => (window.harness as Harness).classify(given), photograph)),
    close: () => close().catch(() => {}),
  }
  return {
    ...host,
    wire: async () => server.wireOf(run),
  }
}

/** The message of an error that crossed from the page, without the stack that came with it. */
function plain(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return (
    message
      .replace(/^page\.evaluate: /, '')
      .replace(/^(Error|MobileOneError): /, '')
      .split('\n')[0] ?? ''
  )
}
