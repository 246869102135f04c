/** How many threads a session has, and who chose them. */
import { throwIfAborted } from '@mobileone/core'
import type { OrtLibrary, OrtSession } from './library.ts'

/** The number of threads of a run, or `auto`: the faster of one and as many as the machine has, at most 4, measured. */
export type OrtThreads = number | 'auto'

/** `auto` tries no more than this: beyond, the layers of a MobileOne are too small for their pieces to pay. */
const mostThreads = 4
/** Timed runs on each number of threads. */
const timedRuns = 4
/** Several threads have to take less than this part of one thread's time. */
const worthwhile = 0.9

export interface OpenedSession {
  readonly session: OrtSession
  /** How many threads it has, in words. */
  readonly threads: string
}

/**
 * The session of `open`, called with the number of threads. onnxruntime-web fixes it when its WebAssembly starts, so that for `auto`
 * the library chooses there, by the number of processors.
 */
export async function openWithThreads(
  library: OrtLibrary,
  wanted: OrtThreads | undefined,
  open: (threads: number | undefined) => Promise<OrtSession>,
  run: (session: OrtSession) => Promise<unknown>,
  signal?: AbortSignal,
): Promise<OpenedSession> {
  if (wanted !== 'auto') {
    const session = await open(wanted)
    return { session, threads: threadsOf(library, wanted) }
  }
  const most = isNative(library) ? Math.min(mostThreads, parallelism()) : undefined
  if (most === undefined || most === 1) {
    const session = await open(most)
    return { session, threads: threadsOf(library, most) }
  }
  const opened: OrtSession[] = []
  try {
    const ms: number[] = []
    for (const count of [1, most]) {
      const session = await open(count)
      opened.push(session)
      ms.push(await quickest(() => run(session)))
      throwIfAborted(signal, 'compiling for ort')
    }
    const [one = 0, more = 0] = ms
    const keepsMore = more < one * worthwhile
    const kept = opened.splice(keepsMore ? 1 : 0, 1)[0] as OrtSession
    const threads = keepsMore
      ? `${format(most)}: ${more.toFixed(1)} ms a run, ${one.toFixed(1)} ms on 1`
      : `${format(1)}: ${one.toFixed(1)} ms a run, ${more.toFixed(1)} ms on ${most}`
    return { session: kept, threads }
  } finally {
    for (const session of opened) await session.release()
  }
}

/** What `wanted` comes to, before a model is there to measure. */
export function threadsOf(library: OrtLibrary, wanted: OrtThreads | undefined): string {
  if (!isNative(library)) {
    // The library writes there what it came to, once its WebAssembly started.
    const found = library.env.wasm.numThreads
    return found === undefined ? 'threads as the library chooses' : format(found)
  }
  if (wanted === 'auto') {
    const most = Math.min(mostThreads, parallelism())
    return most === 1 ? format(1) : `1 or ${format(most)}, whichever a compiled model is faster on`
  }
  return wanted === undefined ? 'one thread for each core, as the library chooses' : format(wanted)
}

function format(threads: number): string {
  return threads === 1 ? '1 thread' : `${threads} threads`
}

/** `env` does not tell: it is one object where both libraries share onnxruntime-common. */
function isNative({ listSupportedBackends }: OrtLibrary): boolean {
  return listSupportedBackends !== undefined
}

function parallelism(): number {
  return process.getBuiltinModule('node:os').availableParallelism()
}

/** Milliseconds of the fastest of a few runs, after one that is not counted. */
async function quickest(run: () => Promise<unknown>): Promise<number> {
  await run()
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < timedRuns; round++) {
    const start = performance.now()
    await run()
    best = Math.min(best, performance.now() - start)
  }
  return best
}
