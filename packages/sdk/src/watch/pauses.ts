/** Resolves after `ms`, or when `stop` is aborted. */
export function sleep(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      stop.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    stop.addEventListener('abort', end)
  })
}

/** Whether this is a page that nobody sees: in a background tab, a minimised window. */
export function isHidden(): boolean {
  return globalThis.document?.visibilityState === 'hidden'
}

/** Resolves when the page is seen, or when `stop` is aborted. */
export function shown(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (isHidden() && !stop.aborted) return
      globalThis.document?.removeEventListener('visibilitychange', check)
      stop.removeEventListener('abort', check)
      resolve()
    }
    globalThis.document?.addEventListener('visibilitychange', check)
    stop.addEventListener('abort', check)
    check()
  })
}
