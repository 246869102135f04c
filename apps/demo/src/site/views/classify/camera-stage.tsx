/** @jsxImportSource preact */
import type { Prediction } from '@mobileone/sdk'
import { PredictionSession, type PredictionState } from '@mobileone/sdk/lifecycle'
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { engine } from '../../state/engine.ts'
import { Bars } from '../../ui/bars.tsx'
import { CameraView } from '../../ui/camera-view.tsx'
import { milliseconds, percent } from '../../ui/format.ts'
import { Notice } from '../../ui/notice.tsx'
import { useCamera } from '../../ui/use-camera.ts'
import { type FrameRate, frameRate } from './frame-rate.ts'
import { ModelHint } from './model-hint.tsx'
import { addPictures, settings } from './pictures.ts'
import type { Region, Size } from './region.ts'
import { RegionEditor } from './region-editor.tsx'

interface Props {
  /** Above the camera. */
  readonly tabs: ComponentChildren
  /** A still of the camera was taken, and stands among the pictures. */
  readonly onSnap: () => void
}

/** What the camera sees, class by class, as fast as the network runs. */
export function CameraStage({ tabs, onSnap }: Props): JSX.Element {
  const camera = useCamera()
  const { video, status } = camera
  const [smoothing, setSmoothing] = useState(0.5)
  const [fps, setFps] = useState(0)
  const [region, setRegion] = useState<Region>()
  const [size, setSize] = useState<Size>()
  const { state, rate } = usePredictions(video, { smoothing, fps, region })
  useEffect(() => {
    setRegion(undefined)
    if (!video) return setSize(undefined)
    const measure = (): void => setSize({ width: video.videoWidth, height: video.videoHeight })
    if (video.videoWidth > 0) measure()
    video.addEventListener('resize', measure)
    return () => video.removeEventListener('resize', measure)
  }, [video])
  const snap = async (): Promise<void> => {
    if (!video) return
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight)
    canvas.getContext('2d')?.drawImage(video, 0, 0)
    const file = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 })
    addPictures([{ name: `Photograph ${new Date().toLocaleTimeString()}`, file }])
    onSnap()
  }
  const [best] = state.predictions
  return (
    <>
      <section class="panel stage" aria-label="Camera">
        {tabs}
        <CameraView
          camera={camera}
          controls={
            <button type="button" class="quiet" disabled={status !== 'live'} onClick={snap}>
              Take a picture
            </button>
          }
        >
          {size && (
            <RegionEditor size={size} region={region} onChange={setRegion} mirrored={camera.isMirrored} />
          )}
          {status === 'live' && best && (
            <p class="overlay" aria-hidden="true">
              {best.label} {percent(best.score, 0)}
            </p>
          )}
        </CameraView>
        {state.error && (
          <Notice kind="error" title="Watching the camera failed">
            {state.error.message}
          </Notice>
        )}
        <Announced best={best} />
      </section>
      <div class="side">
        <section class="panel" aria-labelledby="now-title">
          <h2 id="now-title">{status === 'live' ? 'What it sees' : 'What it will see'}</h2>
          <Bars predictions={state.predictions} rows={settings.value.topK} label="Best classes now" />
          <Figures rate={rate} ms={state.frame?.ms} />
          <div class="choices">
            <label>
              Calm flicker: {Math.round(100 * smoothing)} %
              <input
                type="range"
                min={0}
                max={0.9}
                step={0.1}
                value={smoothing}
                onInput={({ currentTarget }) => setSmoothing(currentTarget.valueAsNumber)}
              />
            </label>
            <label>
              Frames a second
              <select value={fps} onChange={({ currentTarget }) => setFps(Number(currentTarget.value))}>
                <option value={0}>as many as it can</option>
                <option value={10}>at most 10</option>
                <option value={2}>at most 2</option>
              </select>
            </label>
          </div>
          <div class="row">
            <p class="muted">Draw on the picture to look at a part of it.</p>
            {region && (
              <button type="button" class="plain" onClick={() => setRegion(undefined)}>
                Whole picture
              </button>
            )}
          </div>
        </section>
        <ModelHint />
      </div>
    </>
  )
}

function usePredictions(
  video: HTMLVideoElement | undefined,
  wanted: { readonly smoothing: number; readonly fps: number; readonly region: Region | undefined },
): { readonly state: PredictionState; readonly rate: FrameRate } {
  const [session] = useState(() => new PredictionSession())
  const [state, setState] = useState(session.getState())
  const [rate, setRate] = useState<FrameRate>({ fps: 0, dropped: 0 })
  useEffect(() => {
    const count = frameRate()
    const unsubscribe = session.subscribe(() => {
      const next = session.getState()
      setState(next)
      if (next.frame) setRate(count(next.frame))
    })
    return () => {
      unsubscribe()
      session.close()
    }
  }, [])
  const { classifier } = engine.value
  const { topK, fit } = settings.value
  const { smoothing, fps, region } = wanted
  useEffect(() => {
    session.open(classifier, video, {
      topK,
      fit,
      smoothing,
      resample: 'fast',
      ...(fps > 0 && { fps }),
      ...(region && { region }),
    })
  }, [classifier, video, topK, fit, smoothing, fps, region])
  return { state, rate }
}

/** Says what is seen when that changes, at most every two seconds: who cannot see the bars cannot listen to all of them. */
function Announced({ best }: { readonly best: Prediction | undefined }): JSX.Element {
  const [said, setSaid] = useState('')
  useEffect(() => {
    const label = best?.label ?? ''
    if (label === said) return
    const timer = setTimeout(() => setSaid(label), 2000)
    return () => clearTimeout(timer)
  }, [best?.label, said])
  return (
    <p class="hidden" role="status">
      {said}
    </p>
  )
}

function Figures({ rate, ms }: { readonly rate: FrameRate; readonly ms: number | undefined }): JSX.Element {
  return (
    <dl class="stages">
      <div>
        <dt>Frames a second</dt>
        <dd class="fps">{ms === undefined ? '–' : rate.fps.toFixed(0)}</dd>
      </div>
      <div title="from taking a frame to its classes, in the worker and back">
        <dt>A frame</dt>
        <dd>{ms === undefined ? '–' : milliseconds(ms)}</dd>
      </div>
      <div title="frames of the camera that came while another one ran">
        <dt>Passed over</dt>
        <dd>{rate.dropped}</dd>
      </div>
    </dl>
  )
}
