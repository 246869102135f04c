/** @jsxImportSource preact */

import { percent } from '@mobileone/site-kit/format'
import { Notice } from '@mobileone/site-kit/notice'
import type { ComponentChildren, CSSProperties, JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { choice } from '../../state/choice.ts'
import { engine } from '../../state/engine.ts'
import { Bars } from '../../ui/bars.tsx'
import { CameraView } from '../../ui/camera-view.tsx'
import { useCamera } from '../../ui/use-camera.ts'
import type { FrameFigures } from './frame-rate.ts'
import { seenNow } from './framing.ts'
import { ModelHint } from './model-hint.tsx'
import { NetworkInput } from './network-input.tsx'
import { Options } from './options.tsx'
import { addPictures, settings } from './pictures.ts'
import type { Region, Size } from './region.ts'
import { RegionButton, RegionEditor } from './region-editor.tsx'
import { Stages } from './stage-times.tsx'
import { usePredictions } from './use-predictions.ts'

export interface CameraStageProps {
  /** Above the camera. */
  readonly bar: ComponentChildren
  /** A still of the camera was taken, and stands among the pictures. */
  readonly onSnap: () => void
}

/** What the camera sees, class by class, as fast as the network runs. */
export function CameraStage({ bar, onSnap }: CameraStageProps): JSX.Element {
  const camera = useCamera()
  const { video, status } = camera
  const size = useVideoSize(video)
  const [smoothing, setSmoothing] = useState(0.5)
  const [limit, setLimit] = useState(0)
  const [region, setRegion] = useState<Region>()
  useEffect(() => setRegion(undefined), [size])
  const { state, figures } = usePredictions(video, { smoothing, fps: limit, region })
  const isLive = status === 'live'
  const snap = async (): Promise<void> => {
    if (!video) return
    const name = `Photograph, ${new Date().toLocaleTimeString()}`
    addPictures([{ name, file: await still(video) }])
    onSnap()
  }
  const [best] = state.predictions
  const said = useAnnounced(best?.label ?? '')
  return (
    <>
      <section class="panel" aria-label="Camera">
        {bar}
        <CameraView
          camera={camera}
          controls={
            <>
              <button type="button" class="quiet" disabled={!isLive} onClick={snap}>
                Take a picture
              </button>
              <RegionButton size={size} region={region} onChange={setRegion} />
            </>
          }
        >
          {size && (
            <div class="fitted" style={{ '--ratio': size.width / size.height } as CSSProperties}>
              <RegionEditor
                size={size}
                region={region}
                seen={seenNow(size, region)}
                onChange={setRegion}
                mirrored={camera.isMirrored}
              />
            </div>
          )}
          {isLive && (
            <p class="overlay" aria-hidden="true">
              {best ? (
                <>
                  <strong>{best.label}</strong> {percent(best.score, 0)}
                </>
              ) : (
                waitingFor()
              )}
            </p>
          )}
        </CameraView>
        {state.error && (
          <Notice kind="error" title="Watching the camera failed">
            {state.error.message}
          </Notice>
        )}
        <p class="hidden" role="status">
          {said}
        </p>
        <ModelHint model={choice.value.model} />
      </section>
      <section class="panel" aria-labelledby="now-title">
        <h2 id="now-title">{isLive ? 'What it sees now' : 'What it will see'}</h2>
        <Bars predictions={state.predictions} rows={settings.value.topK} label="Best classes now" />
        <Rate figures={isLive ? figures : undefined} />
        <div class="measured">
          <NetworkInput source={video} size={size} region={region} />
          <Stages times={isLive ? figures?.times : undefined} />
        </div>
        <Options columns={2}>
          <label>
            Frames
            <select value={limit} onChange={({ currentTarget }) => setLimit(Number(currentTarget.value))}>
              <option value={0}>all it can</option>
              <option value={10}>10 a second</option>
              <option value={2}>2 a second</option>
            </select>
          </label>
          <label>
            Smoothing {Math.round(100 * smoothing)} %
            <input
              type="range"
              min={0}
              max={0.9}
              step={0.1}
              value={smoothing}
              onInput={({ currentTarget }) => setSmoothing(currentTarget.valueAsNumber)}
            />
          </label>
        </Options>
      </section>
    </>
  )
}

function waitingFor(): string {
  const { status, need } = engine.value
  if (need?.kind === 'download') return 'Download the model above'
  return status === 'ready' ? 'Looking…' : 'Waiting for the model…'
}

async function still(video: HTMLVideoElement): Promise<Blob> {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight)
  canvas.getContext('2d')?.drawImage(video, 0, 0)
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 })
}

function useVideoSize(video: HTMLVideoElement | undefined): Size | undefined {
  const [size, setSize] = useState<Size>()
  useEffect(() => {
    if (!video) return setSize(undefined)
    const measure = (): void => {
      if (video.videoWidth > 0) setSize({ width: video.videoWidth, height: video.videoHeight })
    }
    measure()
    video.addEventListener('resize', measure)
    return () => video.removeEventListener('resize', measure)
  }, [video])
  return size
}

/**
 * What is seen, when that changes and at most every two seconds: who cannot see the bars cannot listen to all of them. No component of its
 * own: one that draws itself anew beside a parent that does 30 times a second keeps a tree of the parent each time.
 */
function useAnnounced(label: string): string {
  const [said, setSaid] = useState('')
  useEffect(() => {
    if (label === said) return
    const timer = setTimeout(() => setSaid(label), 2000)
    return () => clearTimeout(timer)
  }, [label, said])
  return said
}

function Rate({ figures }: { readonly figures: FrameFigures | undefined }): JSX.Element {
  return (
    <p class="rate">
      <strong class="fps">{figures ? figures.fps.toFixed(0) : '–'}</strong> frames a second
      <span class="muted">
        {figures ? `, ${figures.dropped} skipped while another ran` : ', counted while the camera is on'}
      </span>
    </p>
  )
}
