import { throwIfAborted } from '@mobileone/core'

/** Work that begins when it is called. */
export type Job<T> = (signal: AbortSignal) => Promise<T>

/**
 * The results of `jobs` in order, `depth` of them begun before they are asked for. Leaving the loop, an error and an abort
 * of `signal` abort what was begun.
 */
export async function* prefetch<T>(
  jobs: Iterator<Job<T>>,
  depth: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  const controller = new AbortController()
  const abort = (): void => controller.abort(signal?.reason)
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort)
  const begun: Promise<T>[] = []
  try {
    for (;;) {
      throwIfAborted(signal, 'loading batches')
      while (begun.length <= depth) {
        const next = jobs.next()
        if (next.done) break
        const result = next.value(controller.signal)
        result.catch(() => {})
        begun.push(result)
      }
      const first = begun.shift()
      if (!first) return
      yield await first
    }
  } finally {
    signal?.removeEventListener('abort', abort)
    controller.abort()
  }
}
