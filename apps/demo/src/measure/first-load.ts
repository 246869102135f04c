import type { Socket } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { createSiteServer } from '../site-server.ts'

/** What a first visit takes, from an empty cache until a picture can be classified; times in milliseconds from its beginning. */
export interface FirstLoad {
  readonly firstContentfulPaint: number
  readonly largestContentfulPaint: number
  /** When the embedded model could classify. */
  readonly ready: number
  /** Cumulative layout shift, until a second after `ready`. */
  readonly layoutShift: number
  /** How long each task of more than 50 ms on the page's thread was. */
  readonly longTasks: readonly number[]
  /** Until `ready`, by the timelines of the page and of its worker. */
  readonly files: readonly LoadedFile[]
  /** Everything the server had sent by then, headers included. */
  readonly sentBytes: number
}

export interface LoadedFile {
  readonly path: string
  readonly by: 'page' | 'worker'
  /** Compressed, without headers. */
  readonly bytes: number
  readonly start: number
  readonly end: number
}

/** A first visit to the page built in `folder`, by a new profile of `browser` at `path`. */
export async function measureFirstLoad(browser: Browser, folder: string, path = ''): Promise<FirstLoad> {
  const sockets = new Set<Socket>()
  const server = createSiteServer(folder).on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    serviceWorkers: 'block',
  })
  try {
    const page = await context.newPage()
    await page.addInitScript(observe)
    let sentBytes = 0
    await page.exposeFunction('tellReady', () => {
      for (const { bytesWritten } of sockets) sentBytes += bytesWritten
    })
    await page.goto(`http://127.0.0.1:${port}/${path}`)
    await page.waitForFunction(() => observed.ready > 0, undefined, { timeout: 60_000 })
    await page.waitForTimeout(1000)
    const found = await page.evaluate(() => observed)
    return { ...found, files: await filesUntil(page, found.ready), sentBytes }
  } finally {
    await context.close()
    server.close()
    server.closeAllConnections()
  }
}

async function filesUntil(page: Page, ready: number): Promise<LoadedFile[]> {
  const origin = await page.evaluate(() => performance.timeOrigin)
  const timelines = [
    (await page.evaluate(timeline)).map((file) => ({ ...file, by: 'page' as const })),
    ...(await Promise.all(
      page.workers().map(async (worker) => {
        const files = await worker.evaluate(timeline)
        return files.map((file) => ({ ...file, by: 'worker' as const }))
      }),
    )),
  ]
  return timelines
    .flat()
    .map((file) => ({ ...file, start: file.start - origin, end: file.end - origin }))
    .filter(({ start }) => start < ready)
    .sort((a, b) => a.start - b.start)
}

/** Runs in the page and in its workers: what each has loaded, in milliseconds of one clock. */
function timeline(): Omit<LoadedFile, 'by'>[] {
  const entries = [
    ...performance.getEntriesByType('navigation'),
    ...performance.getEntriesByType('resource'),
  ] as PerformanceResourceTiming[]
  return entries.map(({ name, encodedBodySize, transferSize, startTime, responseEnd }) => ({
    path: new URL(name).pathname,
    // From the browser's cache nothing is transferred.
    bytes: transferSize > 0 ? encodedBodySize : 0,
    start: performance.timeOrigin + startTime,
    end: performance.timeOrigin + responseEnd,
  }))
}

interface Observed extends Omit<FirstLoad, 'files' | 'sentBytes'> {
  longTasks: number[]
}
declare const observed: { -readonly [Name in keyof Observed]: Observed[Name] }

/** Runs in the page before its own scripts. */
function observe(): void {
  const found = {
    firstContentfulPaint: 0,
    largestContentfulPaint: 0,
    ready: 0,
    layoutShift: 0,
    longTasks: [] as number[],
  }
  Object.assign(globalThis, { observed: found })
  const on = (type: string, take: (entry: PerformanceEntry) => void): void => {
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true })
  }
  on('paint', ({ name, startTime }) => {
    if (name === 'first-contentful-paint') found.firstContentfulPaint = startTime
  })
  on('largest-contentful-paint', ({ startTime }) => {
    found.largestContentfulPaint = startTime
  })
  on('layout-shift', (entry) => {
    found.layoutShift += (entry as PerformanceEntry & { value: number }).value
  })
  on('longtask', ({ duration }) => {
    found.longTasks.push(duration)
  })
  new MutationObserver((_, observer) => {
    if (!document.querySelector('[data-engine="ready"]')) return
    observer.disconnect()
    found.ready = performance.now()
    ;(globalThis as unknown as { tellReady: () => void }).tellReady()
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-engine'] })
}
