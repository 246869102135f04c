import { MobileOneError, throwIfAborted } from '@mobileone/core'

/** How long a server may be silent, and what ends the wait before. */
export interface Patience {
  /** What is loaded, for the errors. */
  readonly name: string
  readonly stallTimeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * What `work` gives, a part of a body or a response, unless nothing comes for too long or the signal is aborted.
 * @throws MobileOneError `network` after `stallTimeoutMs`; `aborted`.
 */
export async function timely<T>(work: Promise<T>, { name, signal, stallTimeoutMs }: Patience): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  let onAbort = (): void => {}
  const stopped = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal?.reason)
    signal?.addEventListener('abort', onAbort)
    if (signal?.aborted) onAbort()
    // Timers of more than 31 bits go off at once.
    if (stallTimeoutMs >= 2 ** 31) return
    const seconds = stallTimeoutMs / 1000
    timer = setTimeout(() => {
      const message = `${name}: the server sent nothing for ${seconds} s; try again, or raise stallTimeoutMs`
      reject(new MobileOneError('network', message))
    }, stallTimeoutMs)
  })
  try {
    return await Promise.race([work, stopped])
  } catch (error) {
    throwIfAborted(signal, `loading ${name}`)
    throw error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}
