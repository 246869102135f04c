import { readdirSync, readFileSync } from 'node:fs'
import type { Browser, CDPSession, Page, Worker } from 'playwright-core'

/** Milliseconds that a worker has to collect its garbage. */
const answerLimitMs = 5000

/** A worker that sleeps in `Atomics.wait` answers nothing: so many looks in a row, each so many milliseconds after the last, find none awake. */
const asleepLooks = 5
const lookMs = 50

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
  /** Workers that have not collected yet. */
  readonly #asked = new Map<Worker, Promise<void>>()

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
    await this.#collectInWorkers()
    const { metrics } = await this.#pageSession.send('Performance.getMetrics')
    const metric = (name: string): number => metrics.find((each) => each.name === name)?.value ?? 0
    const { processInfo } = await this.#browser.send('SystemInfo.getProcessInfo')
    const ids = processInfo.map(({ id }) => id)
    return {
      processBytes: sum(ids.map(proportionalBytes)),
      heapBytes: metric('JSHeapUsedSize'),
      nodes: metric('Nodes'),
      listeners: metric('JSEventListeners'),
      workers: sum(ids.map((id) => workerThreads(id)?.length)) ?? this.#page.workers().length,
    }
  }

  /** Of a worker that ends meanwhile, or sleeps, no answer comes. One that sleeps collects when it wakes. */
  async #collectInWorkers(): Promise<void> {
    const waiting = new Set(this.#page.workers())
    const answers = Promise.all(
      [...waiting].map(async (worker) => {
        const answer = this.#asked.get(worker) ?? collectGarbage(worker)
        this.#asked.set(worker, answer)
        await answer
        this.#asked.delete(worker)
        waiting.delete(worker)
      }),
    )
    const limit = performance.now() + answerLimitMs
    for (let asleep = 0; asleep < asleepLooks && performance.now() < limit; ) {
      await Promise.race([answers, new Promise((resolve) => setTimeout(resolve, lookMs))])
      if (waiting.size === 0) return
      asleep = (await this.#areWorkersAsleep()) ? asleep + 1 : 0
    }
  }

  /** Whether no thread of a worker runs or wants to; false where the system does not tell. */
  async #areWorkersAsleep(): Promise<boolean> {
    const { processInfo } = await this.#browser.send('SystemInfo.getProcessInfo')
    const states = processInfo.flatMap(({ id }) => workerThreads(id) ?? [])
    return states.length > 0 && states.every((state) => state === 'S')
  }
}

function collectGarbage(worker: Worker): Promise<void> {
  return worker.evaluate(() => (globalThis as { gc?: () => void }).gc?.()).catch(() => {})
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

/** What the threads of the workers of a process do, a letter for each as in `/proc/<id>/stat`: `R` runs or wants to, `S` sleeps. */
function workerThreads(id: number): string[] | undefined {
  try {
    return readdirSync(`/proc/${id}/task`).flatMap((task) => {
      // Chromium names the thread of each worker so, on Linux, which keeps 15 letters.
      const [, state] =
        /^\d+ \(DedicatedWorker.*\) (\w)/s.exec(readProc(`/proc/${id}/task/${task}/stat`) ?? '') ?? []
      return state === undefined ? [] : [state]
    })
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
