import { readdirSync, readFileSync } from 'node:fs'
import type { Browser, CDPSession, Page, Worker } from 'playwright-core'

/** Milliseconds that a worker has to collect its garbage. */
const answerLimitMs = 5000

/** What a browser with one page holds, after garbage was collected. */
export interface Footprint {
  /** Of all processes of the browser, shared pages counted once; undefined where the system does not tell. */
  readonly processBytes: number | undefined
  /** Of the page's own scripts. */
  readonly heapBytes: number
  /** Elements and text, those that only scripts hold included. */
  readonly nodes: number
  readonly listeners: number
  /** Workers that are alive, those that workers have started included; of the page alone where the system does not tell. */
  readonly workers: number
}

/** Looks at the memory of `browser`, whose only page is `page`. */
export class BrowserMemory {
  readonly #browser: CDPSession
  readonly #pageSession: CDPSession
  readonly #page: Page

  private constructor(browser: CDPSession, pageSession: CDPSession, page: Page) {
    this.#browser = browser
    this.#pageSession = pageSession
    this.#page = page
  }

  static async of(browser: Browser, page: Page): Promise<BrowserMemory> {
    const pageSession = await page.context().newCDPSession(page)
    await pageSession.send('Performance.enable')
    return new BrowserMemory(await browser.newBrowserCDPSession(), pageSession, page)
  }

  async look(): Promise<Footprint> {
    await this.#pageSession.send('HeapProfiler.collectGarbage')
    await Promise.all(this.#page.workers().map(collectGarbage))
    const { metrics } = await this.#pageSession.send('Performance.getMetrics')
    const metric = (name: string): number => metrics.find((each) => each.name === name)?.value ?? 0
    const { processInfo } = await this.#browser.send('SystemInfo.getProcessInfo')
    const ids = processInfo.map(({ id }) => id)
    return {
      processBytes: sum(ids.map(proportionalBytes)),
      heapBytes: metric('JSHeapUsedSize'),
      nodes: metric('Nodes'),
      listeners: metric('JSEventListeners'),
      workers: sum(ids.map(workerThreads)) ?? this.#page.workers().length,
    }
  }
}

/** Of a worker that ends meanwhile no answer comes. */
async function collectGarbage(worker: Worker): Promise<void> {
  const collected = worker.evaluate(() => (globalThis as { gc?: () => void }).gc?.()).catch(() => {})
  await Promise.race([collected, new Promise((resolve) => setTimeout(resolve, answerLimitMs))])
}

function sum(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length > 0 ? known.reduce((total, value) => total + value, 0) : undefined
}

/** The memory of a process on Linux, pages that several share divided among them. */
function proportionalBytes(id: number): number | undefined {
  const text = readProc(`/proc/${id}/smaps_rollup`)
  const [, kilobytes] = /^Pss:\s+(\d+) kB$/m.exec(text ?? '') ?? []
  return kilobytes === undefined ? undefined : 1024 * Number(kilobytes)
}

/** Chromium names the thread of each worker so, on Linux, which keeps 15 letters. */
function workerThreads(id: number): number | undefined {
  try {
    const names = readdirSync(`/proc/${id}/task`).map((task) => readProc(`/proc/${id}/task/${task}/comm`))
    return names.filter((name) => name?.startsWith('DedicatedWorker')).length
  } catch {
    return undefined
  }
}

/** What a process that has ended meanwhile, or another system, does not have. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
