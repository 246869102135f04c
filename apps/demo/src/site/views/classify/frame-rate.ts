import type { FrameResult } from '@mobileone/sdk'
import type { StageTimes } from './pictures.ts'

/** Of the frames of the last second; `dropped` of all so far. */
export interface FrameFigures {
  readonly fps: number
  /** Frames of the camera that came while another one ran. */
  readonly dropped: number
  /** Means in milliseconds. */
  readonly times: StageTimes
}

/** Counts results as they come, by `now` in milliseconds. */
export function frameFigures(
  now: () => number = () => performance.now(),
): (frame: Pick<FrameResult, 'dropped'>, times: StageTimes) => FrameFigures {
  let recent: { readonly at: number; readonly times: StageTimes }[] = []
  let dropped = 0
  return (frame, times) => {
    const at = now()
    recent = [...recent.filter((each) => each.at > at - 1000), { at, times }]
    dropped += frame.dropped
    const mean = (stage: keyof StageTimes): number =>
      recent.reduce((sum, each) => sum + each.times[stage], 0) / recent.length
    return {
      fps: recent.length,
      dropped,
      times: { decode: mean('decode'), prepare: mean('prepare'), run: mean('run'), whole: mean('whole') },
    }
  }
}
