import { MobileOneError, type OnProgress, type Progress } from '@mobileone/core'

/** What one caller hears from a download it shares. */
export interface Caller {
  readonly what: string
  readonly signal: AbortSignal | undefined
  readonly onProgress: OnProgress | undefined
  readonly onWarning: (message: string) => void
}

/** What a shared download reports to: every caller that has not aborted. `signal` aborts when all of them have. */
export interface SharedCallbacks {
  readonly signal: AbortSignal
  readonly onProgress: OnProgress
  readonly onWarning: (message: string) => void
}

interface SharedDownload<T> {
  readonly result: Promise<T>
  readonly callers: Set<Caller>
  readonly controller: AbortController
}

/**
 * Calls with the same key share one download. It is aborted when every caller has aborted; the last of them waits
 * until it has cleaned up. A callback that throws fails its own call only.
 */
export class SharedDownloads<T> {
  readonly #running = new Map<string, SharedDownload<T>>()

  /** Join the download under `key`, or start it. `shared` is true for every caller but the first. */
  async join(
    key: string,
    { what, signal, onProgress, onWarning }: Caller,
    start: (callbacks: SharedCallbacks) => Promise<T>,
  ): Promise<{ value: T; shared: boolean }> {
    const running = this.#running.get(key)
    const download = running ?? this.#start(key, start)
    let failure: { readonly error: unknown } | undefined
    let stopWaiting = (): void => {}
    const stopped = new Promise<void>((resolve) => {
      stopWaiting = resolve
    })
    const leave = (error: unknown): void => {
      if (!download.callers.delete(caller)) return
      failure = { error }
      if (download.callers.size > 0) {
        stopWaiting()
        return
      }
      if (this.#running.get(key) === download) this.#running.delete(key)
      download.controller.abort(error)
    }
    const caller: Caller = {
      what,
      signal,
      onProgress: catching(onProgress, leave),
      onWarning: catching(onWarning, leave),
    }
    const onAbort = (): void => {
      leave(new MobileOneError('aborted', `${what} was aborted`, { cause: signal?.reason }))
    }

    download.callers.add(caller)
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted) onAbort()
    try {
      const result = await Promise.race([stopped, download.result.then((value) => ({ value }))])
      if (result === undefined || failure) throw failure?.error
      return { value: result.value, shared: running !== undefined }
    } catch (error) {
      throw failure ? failure.error : error
    } finally {
      signal?.removeEventListener('abort', onAbort)
      download.callers.delete(caller)
    }
  }

  #start(key: string, start: (callbacks: SharedCallbacks) => Promise<T>): SharedDownload<T> {
    const callers = new Set<Caller>()
    const controller = new AbortController()
    const result = Promise.resolve()
      .then(() =>
        start({
          signal: controller.signal,
          onProgress: (progress: Progress) => {
            for (const caller of [...callers]) caller.onProgress?.(progress)
          },
          onWarning: (message) => {
            for (const caller of [...callers]) caller.onWarning(message)
          },
        }),
      )
      .finally(() => {
        if (this.#running.get(key) === download) this.#running.delete(key)
      })
    const download: SharedDownload<T> = { result, callers, controller }
    this.#running.set(key, download)
    return download
  }
}

function catching<A>(
  callback: ((value: A) => void) | undefined,
  onThrow: (error: unknown) => void,
): (value: A) => void {
  return (value) => {
    try {
      callback?.(value)
    } catch (error) {
      onThrow(error)
    }
  }
}
