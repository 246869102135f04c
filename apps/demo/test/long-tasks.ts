import type { Browser, Page } from 'playwright-core'

/** Milliseconds that a task of the page may take. */
const limitMs = 50

const traced = new WeakSet<Browser>()

/** Note every task of the page's own thread, from now on. One page of a browser at a time. */
export async function watchLongTasks(page: Page): Promise<void> {
  const browser = browserOf(page)
  // What a test that failed had begun.
  if (traced.has(browser)) await browser.stopTracing()
  traced.add(browser)
  await browser.startTracing(page, { categories: ['toplevel'] })
}

/**
 * The tasks of more than 50 ms since then, in milliseconds of the processor's time: other programs, which make a task longer by the
 * clock, do not count.
 */
export async function longTasks(page: Page): Promise<readonly number[]> {
  const browser = browserOf(page)
  traced.delete(browser)
  const tasks = tasksOf(await browser.stopTracing())
  if (tasks.length === 0) throw new Error('the trace has no task of the page')
  return tasks.filter((ms) => ms > limitMs)
}

interface TraceEvent {
  readonly name: string
  readonly pid: number
  readonly tid: number
  /** Microseconds of the processor's time. */
  readonly tdur?: number
  readonly args: { readonly name?: string }
}

/** Milliseconds of each task of the threads that pages run on. */
function tasksOf(trace: Buffer): number[] {
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] }
  const isPage = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`),
  )
  return traceEvents.flatMap(({ tdur, pid, tid }) =>
    tdur !== undefined && isPage.has(`${pid} ${tid}`) ? [Math.round(tdur / 1000)] : [],
  )
}

function browserOf(page: Page): Browser {
  const browser = page.context().browser()
  if (!browser) throw new Error('the page has no browser of its own')
  return browser
}
