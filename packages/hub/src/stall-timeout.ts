/** A longer one fires at once. */
const longestTimeout = 2 ** 31

/** An abort signal that also fires when nothing was received for too long. */
export interface StallTimeout {
  readonly signal: AbortSignal
  readonly stalled: boolean
  /** Something arrived: start counting again. */
  reset(): void
  /** Stop counting, and abort what is still under way: a body nobody read holds its connection. */
  stop(): void
}

/** Start counting: `stallMs` milliseconds without a `reset` abort the signal, and so does `outer`. */
export function startStallTimeout(outer: AbortSignal, stallMs: number): StallTimeout {
  const controller = new AbortController()
  let stalled = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const abort = (): void => controller.abort(outer.reason)
  const stall = (): void => {
    stalled = true
    controller.abort()
  }
  const reset = (): void => {
    clearTimeout(timer)
    if (stallMs < longestTimeout) timer = setTimeout(stall, stallMs)
  }
  outer.addEventListener('abort', abort, { once: true })
  if (outer.aborted) abort()
  else reset()
  return {
    signal: controller.signal,
    get stalled(): boolean {
      return stalled
    },
    reset,
    stop(): void {
      clearTimeout(timer)
      outer.removeEventListener('abort', abort)
      controller.abort()
    },
  }
}
