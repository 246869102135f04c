/** Milliseconds that each phase of loading has taken: start, download, verify, read, fold, pack, compile, warm-up. */
export type PhaseTimes = Readonly<Record<string, number>>

/** Splits the time of a load among its phases. */
export interface LoadingClock {
  readonly times: PhaseTimes
  /** The worker is there: what comes next belongs to the phase that is told next. */
  started(): void
  /** Work of `phase` is told; time counts for it until another is. */
  tell(phase: string): void
}

/**
 * A clock that begins now. Until `started` time is that of `start`; from there to the first phase it is that phase's, because a phase
 * is told when its first bytes are through; each phase lasts until the next begins, and one that comes twice is summed.
 */
export function loadingClock(now: () => number = () => performance.now()): LoadingClock {
  const times: Record<string, number> = {}
  let phase: string | undefined = 'start'
  let begun = now()
  const pass = (to: string): void => {
    const at = now()
    times[to] = (times[to] ?? 0) + at - begun
    begun = at
  }
  return {
    get times() {
      return { ...times }
    },
    started() {
      if (phase !== 'start') return
      pass('start')
      phase = undefined
    },
    tell(next) {
      if (phase !== next) pass(phase ?? next)
      phase = next
    },
  }
}
