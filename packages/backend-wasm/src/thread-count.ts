import { MobileOneError } from '@mobileone/core'

/** The two response headers that let a page share memory between threads. */
const HEADERS = 'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp'

/** `auto` tries no more than this: beyond, the layers of a MobileOne are too small for their pieces to pay. */
const AUTO_THREADS = 4

/** The number of threads of a run, or `auto`: the faster of one and as many as the machine has, at most 4, measured. */
export type ThreadCount = number | 'auto'

/** What a number of threads comes to on this machine. */
export interface ThreadPlan {
  readonly threads: number
  /** Whether `threads` has to prove faster than one. */
  readonly measure: boolean
  /** In the words of a probe. */
  readonly text: string
}

/** Threads that the machine runs at a time. */
function parallelism(): number {
  const os = globalThis.process?.getBuiltinModule?.('node:os')
  return os?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1
}

/**
 * The threads that will be used for `wanted`: one where memory cannot be shared.
 * @throws MobileOneError `invalid-argument` for anything but a whole number of at least 1 and `auto`, `unavailable` for more
 * threads than the machine runs at a time.
 */
export function planThreads(wanted: ThreadCount = 1): ThreadPlan {
  if (wanted !== 'auto' && (!Number.isSafeInteger(wanted) || wanted < 1)) {
    throw new MobileOneError(
      'invalid-argument',
      `wasm: threads must be a whole number of at least 1 or 'auto', not ${JSON.stringify(wanted) ?? wanted}`,
    )
  }
  const limit = parallelism()
  if (wanted !== 'auto' && wanted > limit) {
    throw new MobileOneError(
      'unavailable',
      `wasm: threads: ${wanted} are more than the ${limit} that this machine runs at a time; use ${limit} at most, or 'auto'`,
    )
  }
  const lack = lackOfSharedMemory()
  if (lack !== undefined) return { threads: 1, measure: false, text: `1 thread: ${lack}` }
  if (wanted === 'auto') {
    const threads = Math.min(limit, AUTO_THREADS)
    if (threads === 1)
      return { threads, measure: false, text: '1 thread: the machine runs no more at a time' }
    const text = `1 or ${threads} threads, whichever a compiled model is faster on`
    return { threads, measure: true, text }
  }
  const more = wanted === 1 && limit > 1 ? `; the option threads takes up to ${limit}` : ''
  return { threads: wanted, measure: false, text: formatThreads(wanted) + more }
}

/** Why threads cannot be given memory of this one, and what to do; undefined where they can. */
function lackOfSharedMemory(): string | undefined {
  const { crossOriginIsolated } = globalThis as { crossOriginIsolated?: boolean }
  if (crossOriginIsolated === false) return `the page is not cross-origin isolated; serve it with ${HEADERS}`
  if (typeof SharedArrayBuffer === 'function') return undefined
  return crossOriginIsolated
    ? 'this browser has no SharedArrayBuffer although the page is cross-origin isolated, so no header brings more: WebKitGTK does so'
    : 'this engine has no SharedArrayBuffer'
}

/** Whether threads can be given memory of this one. */
export function mayShareMemory(): boolean {
  return lackOfSharedMemory() === undefined
}

/** `1 thread`, `2 threads`. */
export function formatThreads(threads: number): string {
  return threads === 1 ? '1 thread' : `${threads} threads`
}
