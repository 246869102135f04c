/** @jsxImportSource preact */
import type { ComponentType, JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import './classify.css'
import './classify-pictures.ts'
import type { CameraStageProps } from './camera-stage.tsx'
import { PictureList } from './picture-list.tsx'
import { PictureStage } from './picture-stage.tsx'
import { ResultsPanel } from './results-panel.tsx'
import { SampleWall } from './sample-wall.tsx'
import { SourceBar, source } from './source-bar.tsx'

/** Pictures or the camera in, classes out. */
export default function ClassifyView(): JSX.Element {
  const stage = useRef<HTMLElement>(null)
  const [Camera, setCamera] = useState<ComponentType<CameraStageProps>>()
  const isCamera = source.value === 'camera'
  useEffect(() => {
    if (isCamera) void import('./camera-stage.tsx').then(({ CameraStage }) => setCamera(() => CameraStage))
  }, [isCamera])

  const showPictures = (): void => {
    source.value = 'pictures'
    // On a phone the picture may be out of sight.
    const block = 'nearest' as const
    requestAnimationFrame(() => stage.current?.scrollIntoView({ block }))
  }
  if (isCamera) {
    return <div class="classify">{Camera && <Camera onSnap={showPictures} />}</div>
  }
  return (
    <div class="classify">
      <SampleWall onTaken={showPictures} />
      <div class="side">
        <section ref={stage} class="panel" aria-label="Pictures">
          <SourceBar />
          <PictureStage />
        </section>
        <PictureList />
      </div>
      <ResultsPanel />
    </div>
  )
}
