import type { PictureTimes } from '@mobileone/sdk'
import { PredictionSession, type PredictionState } from '@mobileone/sdk/lifecycle'
import { useEffect, useState } from 'preact/hooks'
import { engine } from '../../state/engine.ts'
import { type FrameFigures, frameFigures } from './frame-rate.ts'
import { settings } from './pictures.ts'
import type { Region } from './region.ts'

interface Wanted {
  /** 0 to below 1. */
  readonly smoothing: number
  /** 0 for as many as there are. */
  readonly fps: number
  readonly region: Region | undefined
}

/** Figures are read, so they change at most so often: milliseconds. */
const period = 250

/** What the classifier of the page finds in `video`, as long as there is one. */
export function usePredictions(
  video: HTMLVideoElement | undefined,
  { smoothing, fps, region }: Wanted,
): { readonly state: PredictionState; readonly figures: FrameFigures | undefined } {
  const [watching] = useState(() => ({
    session: new PredictionSession(),
    times: { decode: 0, prepare: 0, run: 0 },
  }))
  const { session } = watching
  const [state, setState] = useState(session.getState())
  const [figures, setFigures] = useState<FrameFigures>()
  useEffect(() => {
    setFigures(undefined)
    const count = frameFigures()
    let shown = 0
    return session.subscribe(() => {
      const next = session.getState()
      setState(next)
      if (!next.frame) return
      const found = count(next.frame, { ...watching.times, whole: next.frame.ms })
      if (performance.now() - shown < period) return
      shown = performance.now()
      setFigures(found)
    })
  }, [video])
  useEffect(() => session.close, [])
  const { classifier } = engine.value
  const { topK, fit } = settings.value
  useEffect(() => {
    session.open(classifier, video, {
      topK,
      fit,
      smoothing,
      resample: 'fast',
      onTimes({ decode, prepare, run }: PictureTimes) {
        watching.times = { decode, prepare, run }
      },
      ...(fps > 0 && { fps }),
      ...(region && { region }),
    })
  }, [classifier, video, topK, fit, smoothing, fps, region])
  return { state, figures }
}
