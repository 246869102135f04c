import type { FrameResult } from '@mobileone/sdk'

/** Results in the last second, and frames that were passed over so far. */
export interface FrameRate {
  readonly fps: number
  readonly dropped: number
}

/** Counts results as they come, by `now` in milliseconds. */
export function frameRate(
  now: () => number = () => performance.now(),
): (frame: Pick<FrameResult, 'dropped'>) => FrameRate {
  let times: number[] = []
  let dropped = 0
  return (frame) => {
    const time = now()
    times = [...times.filter((each) => each > time - 1000), time]
    dropped += frame.dropped
    return { fps: times.length, dropped }
  }
}
