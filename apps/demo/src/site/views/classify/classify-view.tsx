/** @jsxImportSource preact */
import { signal } from '@preact/signals'
import type { ComponentType, JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import './classify.css'
import './classify-pictures.ts'
import { DropZone } from '@mobileone/site-kit/drop-zone'
import type { CameraStageProps } from './camera-stage.tsx'
import { PictureList } from './picture-list.tsx'
import { PictureStage } from './picture-stage.tsx'
import { addPictures } from './pictures.ts'
import { ResultsPanel } from './results-panel.tsx'
import { SampleWall } from './sample-wall.tsx'

const source = signal<'pictures' | 'camera'>('pictures')

const sources = [
  ['pictures', 'Pictures'],
  ['camera', 'Camera'],
] as const

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
  const give = (files: readonly File[]): void => {
    addPictures(files.map((file) => ({ name: file.name, file })))
    source.value = 'pictures'
  }
  const bar = (
    <div class="row bar">
      <SourceTabs />
      <DropZone accept="image/*" multiple paste label="Choose pictures" onFiles={give} />
    </div>
  )
  if (isCamera) {
    return <div class="classify">{Camera && <Camera bar={bar} onSnap={showPictures} />}</div>
  }
  return (
    <div class="classify">
      <SampleWall onTaken={showPictures} />
      <div class="side">
        <section ref={stage} class="panel" aria-label="Pictures">
          {bar}
          <PictureStage />
        </section>
        <PictureList />
      </div>
      <ResultsPanel />
    </div>
  )
}

function SourceTabs(): JSX.Element {
  return (
    <fieldset class="segments">
      <legend class="hidden">Classify</legend>
      {sources.map(([name, title]) => (
        <label key={name}>
          <input
            type="radio"
            name="source"
            checked={source.value === name}
            onChange={() => {
              source.value = name
            }}
          />
          <span>{title}</span>
        </label>
      ))}
    </fieldset>
  )
}
