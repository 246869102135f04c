/** A longer one fires at once. */
const longestTimeout = 2 ** 31

/** An abort signal that also fires when nothing was received for too long. */
export interface Watchdog {
  readonly signal: AbortSignal
  readonly stalled: boolean
  /** Something arrived: start counting again. */
  feed(): void
  /** Stop watching, and abort what is still under way: a body nobody read holds its connection. */
  stop(): void
}

export function watch(outer: AbortSignal, stallMs: number): Watchdog {
  const controller = new AbortController()
  let stalled = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const abort = (): void => controller.abort(outer.reason)
  const stall = (): void => {
    stalled = true
    controller.abort()
  }
  const feed = (): void => {
    clearTimeout(timer)
    if (stallMs < longestTimeout) timer = setTimeout(stall, stallMs)
  }
  outer.addEventListener('abort', abort, { once: true })
  if (outer.aborted) abort()
  else feed()
  return {
    signal: controller.signal,
    get stalled(): boolean {
      return stalled
    },
    feed,
    stop(): void {
      clearTimeout(timer)
      outer.removeEventListener('abort', abort)
      controller.abort()
    },
  }
}
