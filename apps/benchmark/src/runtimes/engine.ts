/** Firefox and WebKitGTK: no driver in common, so each page asks its server what to do. */
import type { Lane, LaneHost, PeakLane } from '@mobileone/measure'
import type { SubjectFiles } from '@mobileone/measure/node'
import { type BrowserName, type EngineCalls, engineCalls, startEngine } from '@mobileone/testkit'
import { filesFor, laneRules } from '../contender-rules.ts'
import type { Entry } from '../lineup.ts'
import { type BenchServer, startServer } from '../server.ts'
import type { Harness } from '../site/contender-page.ts'
import { pageJob } from './page-job.ts'

export interface EngineRuntime {
  readonly version: string
  readonly peaks: readonly PeakLane[]
  lane(entry: Entry, threads: number): Lane
  close(): Promise<void>
}

/** Longer than what the harness waits for a turn. */
const callLimitMs = 240_000

interface AskedPage {
  readonly version: string
  call<Name extends keyof Harness>(
    name: Name,
    ...args: Parameters<Harness[Name]>
  ): Promise<Awaited<ReturnType<Harness[Name]>>>
  close(): Promise<void>
}

/**
 * The engine over pages served from here, cross-origin isolated. Every host is a program of its own with a profile of its own.
 * @throws Error where the engine does not start.
 */
export async function startEngineRuntime(
  engine: BrowserName,
  files: SubjectFiles,
  threads: readonly number[],
): Promise<EngineRuntime> {
  const queues = new Map<string, EngineCalls>()
  const server = await startServer({
    models: files.folder,
    calls: (run, request) => queues.get(run)?.next(request),
  })
  const open = new Set<AskedPage>()
  const openPage = async (run: string): Promise<AskedPage> => {
    const queue = engineCalls(engine, callLimitMs)
    queues.set(run, queue)
    const page = await openAskedPage(engine, server, run, queue)
    open.add(page)
    return {
      ...page,
      close: async () => {
        if (!open.delete(page)) return
        queues.delete(run)
        await page.close()
      },
    }
  }
  try {
    const peak = await openPage('peak')
    const { isShared, userAgent } = await peak.call('describe')
    const { instruction } = await peak.call('peak', 1)
    const refusalOf = (entry: Entry, count: number): string | undefined =>
      count > 1 && !isShared
        ? 'pages of this engine have no shared memory (SharedArrayBuffer is undefined), so there is one thread'
        : entry.refuses?.(engine, count)
    let pages = 0
    return {
      version: peak.version || (/AppleWebKit\/[\d.]+/.exec(userAgent)?.[0] ?? userAgent),
      peaks: threads
        .filter((count) => count === 1 || isShared)
        .map((count) => ({
          runtime: engine,
          threads: count,
          instruction,
          measure: async () => (await peak.call('peak', count)).gflops,
        })),
      lane: (entry, count) => ({
        contender: entry.name,
        runtime: engine,
        threads: count,
        ...laneRules(entry),
        refusal: refusalOf(entry, count),
        async open(subject): Promise<LaneHost> {
          const run = `${pages++}`
          const page = await openPage(run)
          try {
            await page.call('open', pageJob(entry, subject, filesFor(entry, files), count))
          } catch (error) {
            await page.close()
            throw error
          }
          return {
            start: () => page.call('start'),
            turn: (turn) => page.call('turn', turn),
            finish: () => page.call('finish'),
            classify: (photograph) => page.call('classify', photograph),
            wire: async () => server.wireOf(run),
            close: () => page.close().catch(() => {}),
          }
        },
      }),
      async close() {
        await Promise.all([...open].map((page) => page.close().catch(() => {})))
        await server.close()
      },
    }
  } catch (error) {
    await Promise.all([...open].map((page) => page.close().catch(() => {})))
    await server.close()
    throw error
  }
}

async function openAskedPage(
  engine: BrowserName,
  server: BenchServer,
  run: string,
  queue: EngineCalls,
): Promise<AskedPage> {
  const started = await startEngine(engine, `${server.runUrl(run)}contender.html?asked`, queue.asked)
  return {
    version: started.version,
    call: (name, ...args) => Promise.race([queue.call<never>(name, ...args), started.lost]),
    close: () => started.close(),
  }
}
