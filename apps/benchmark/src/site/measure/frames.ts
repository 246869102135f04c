/** Contenders in frames of this page: a document each, one process and one main thread for all. */
import { type ErrorCode, isMobileOneError, MobileOneError } from '@mobileone/core'
import {
  type Lane,
  type LaneHost,
  type PeakLane,
  type Start,
  type Subject,
  statedPrecision,
  type Turn,
} from '@mobileone/measure'
import type { Entry } from '../../lineup.ts'
import type { Harness } from '../contender-page.ts'
import type { SiteSubject } from './network-client.ts'

/** The runtime of everything that is measured here, in reports. */
export const runtime = 'browser'

/** A contender on so many threads. */
export interface LaneRequest {
  readonly entry: Entry
  readonly threads: number
  /** Why it cannot run here: it is reported as not measured. */
  readonly refusal?: string | undefined
}

/** Told what each start and turn took, in milliseconds. */
export interface LaneWatch {
  started(lane: Lane, subject: Subject, ms: number, start: Start): void
  turned(lane: Lane, subject: Subject, ms: number): void
}

/** A contender in frames. Its subjects must be of `makeSubject`. */
export function frameLane({ entry, threads, refusal }: LaneRequest, watch?: LaneWatch): Lane {
  const lane: Lane = {
    contender: entry.name,
    runtime,
    threads,
    refusal: refusal ?? entry.refuses?.('chromium', threads),
    tolerance: entry.tolerance,
    ...(entry.form === 'int8' && { subject: ({ int8 }: Subject) => int8 }),
    precision: statedPrecision(entry),
    async open(given): Promise<LaneHost> {
      const subject = given as SiteSubject
      const { harness, lost, remove } = await openFrame()
      const inFrame = <T>(work: Promise<T>): Promise<T> => Promise.race([work, lost]).catch(rethrow)
      try {
        await inFrame(
          harness.open({
            contender: entry.module ?? entry.name,
            threads,
            source: await subject.modelFile(entry.format),
            format: entry.format,
            input: subject.inputFile,
            inputShape: subject.input.shape,
            layout: entry.layout,
            gpu: entry.usesGpu === true,
          }),
        )
      } catch (error) {
        remove()
        throw error
      }
      return {
        async start() {
          await rest()
          const begin = performance.now()
          const start = await inFrame(harness.start())
          watch?.started(lane, subject, performance.now() - begin, start)
          return start
        },
        async turn(turn) {
          const begin = performance.now()
          const times = await takeTurn((part) => inFrame(harness.turn(part)), turn)
          watch?.turned(lane, subject, performance.now() - begin)
          return times
        },
        finish: () => inFrame(harness.finish()),
        wire: async () => ({ bytes: harness.fetched() }),
        async close() {
          await Promise.race([harness.close(), lost]).catch(() => {})
          remove()
        },
      }
    },
  }
  return lane
}

/** Errors of a frame are of its own classes. */
function rethrow(error: unknown): never {
  const { message = String(error), code } = error as { readonly message?: string; readonly code?: unknown }
  throw isMobileOneError(error)
    ? new MobileOneError(code as ErrorCode, message, { cause: error })
    : new Error(message, { cause: error })
}

/** Milliseconds in which the page shows what it has to show, so that drawing does not fall into a timed run. */
const drawingMs = 40
/** Runs between two rests take about so long: the page answers the visitor meanwhile. */
const stretchMs = 400

/** A long turn in stretches, so that the page can be used meanwhile: runs on one thread hold it up. */
async function takeTurn(
  run: (turn: Turn) => Promise<readonly number[]>,
  { settle, runs, recreate }: Turn,
): Promise<readonly number[]> {
  const times: number[] = []
  while (times.length < runs) {
    await rest()
    const isFirst = times.length === 0
    const mean = times.reduce((sum, ms) => sum + ms, 0) / times.length
    const count = isFirst ? 1 : Math.max(1, Math.min(runs - times.length, Math.floor(stretchMs / mean)))
    times.push(...(await run({ settle: isFirst ? settle : 0, runs: count, recreate: isFirst && recreate })))
  }
  return times
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, drawingMs))
}

/** The peak at each number of threads, all in one frame; `close` removes it. */
export async function openFramePeaks(
  threads: readonly number[],
): Promise<{ readonly lanes: readonly PeakLane[]; close(): Promise<void> }> {
  const { harness, lost, remove } = await openFrame()
  const { instruction } = await Promise.race([harness.peak(1), lost])
  return {
    lanes: threads.map((count) => ({
      runtime,
      threads: count,
      instruction,
      measure: async () => (await Promise.race([harness.peak(count), lost])).gflops,
    })),
    async close() {
      await Promise.race([harness.close(), lost]).catch(() => {})
      remove()
    },
  }
}

interface Frame {
  readonly harness: Harness
  /** Rejects when the frame is gone before `remove`. */
  readonly lost: Promise<never>
  remove(): void
}

/** Where frames are: in sight of nobody. */
const place = (): HTMLElement => document.getElementById('frames') as HTMLElement

async function openFrame(): Promise<Frame> {
  const frame = document.createElement('iframe')
  frame.src = './contender.html'
  frame.title = 'A contender of the benchmark'
  frame.tabIndex = -1
  const loaded = new Promise((resolve) => {
    frame.onload = resolve
  })
  place().append(frame)
  await loaded
  const harness = frame.contentWindow?.harness
  if (!harness) {
    frame.remove()
    throw new MobileOneError('unavailable', 'the page of a contender does not load: reload this page')
  }
  let watcher: MutationObserver | undefined
  const lost = new Promise<never>((_, reject) => {
    watcher = new MutationObserver(() => {
      if (frame.isConnected) return
      reject(new MobileOneError('unavailable', 'its page was lost'))
    })
    watcher.observe(place(), { childList: true })
  })
  lost.catch(() => {})
  return {
    harness,
    lost,
    remove() {
      watcher?.disconnect()
      frame.remove()
    },
  }
}
