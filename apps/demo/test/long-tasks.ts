import type { Browser, Page } from 'playwright-core'

/** Milliseconds that a task of the page may take. */
const limitMs = 50

const traced = new WeakSet<Browser>()

/** Note every task of the page's own thread, from now on, also of one that the browser is still to open. One page of a browser at a time. */
export async function watchLongTasks(of: Page | Browser): Promise<void> {
  const browser = browserOf(of)
  // What a test that failed had begun.
  if (traced.has(browser)) await browser.stopTracing()
  traced.add(browser)
  await browser.startTracing(undefined, { categories: ['toplevel', 'blink.user_timing'] })
}

/**
 * The tasks of more than 50 ms since then, in milliseconds of the processor's time: other programs, which make a task longer by the
 * clock, do not count.
 */
export async function longTasks(of: Page | Browser): Promise<readonly number[]> {
  const browser = browserOf(of)
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
  readonly args: {
    readonly name?: string
    /** Of `navigationStart`. */
    readonly data?: { readonly documentLoaderURL?: string }
  }
}

/** Milliseconds of each task of the threads that pages run on, without the browser's own: its bars and menus are pages, too. */
function tasksOf(trace: Buffer): number[] {
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] }
  const isPage = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`),
  )
  const ofBrowser = new Set(
    traceEvents
      .filter(({ args }) => args.data?.documentLoaderURL?.startsWith('chrome:'))
      .map(({ pid }) => pid),
  )
  return traceEvents.flatMap(({ tdur, pid, tid }) =>
    tdur !== undefined && !ofBrowser.has(pid) && isPage.has(`${pid} ${tid}`) ? [Math.round(tdur / 1000)] : [],
  )
}

function browserOf(of: Page | Browser): Browser {
  const browser = 'context' in of ? of.context().browser() : of
  if (!browser) throw new Error('the page has no browser of its own')
  return browser
}
