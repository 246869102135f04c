/** A longer one fires at once. */
const longestTimeout = 2 ** 31

/** An abort signal that also fires when nothing was received for too long. */
export interface StallTimeout {
  readonly signal: AbortSignal
  readonly stalled: boolean
  /** Something arrived: start counting again, from now on up to `stallMs` where it is given. */
  reset(stallMs?: number): void
  /** Stop counting, and abort what is still under way: a body nobody read holds its connection. */
  stop(): void
}

/** Start counting: `stallMs` milliseconds without a `reset` abort the signal, and so does `outer`. */
export function startStallTimeout(outer: AbortSignal, stallMs: number): StallTimeout {
  const controller = new AbortController()
  let limit = stallMs
  let stalled = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const abort = (): void => controller.abort(outer.reason)
  const stall = (): void => {
    stalled = true
    controller.abort()
  }
  const reset = (changed = limit): void => {
    limit = changed
    clearTimeout(timer)
    if (limit < longestTimeout) timer = setTimeout(stall, limit)
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
