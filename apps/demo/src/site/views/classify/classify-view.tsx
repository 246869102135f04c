/** @jsxImportSource preact */
import { signal } from '@preact/signals'
import type { JSX } from 'preact'
import './classify.css'
import { CameraStage } from './camera-stage.tsx'
import { PictureStage } from './picture-stage.tsx'
import { selected } from './pictures.ts'
import { ResultsPanel } from './results-panel.tsx'
import { SampleWall } from './sample-wall.tsx'

const source = signal<'pictures' | 'camera'>('pictures')

const sources = [
  ['pictures', 'Pictures'],
  ['camera', 'Camera'],
] as const

/** Pictures or the camera in, classes out. */
export default function ClassifyView(): JSX.Element {
  const tabs = <SourceTabs />
  if (source.value === 'camera') {
    return (
      <div class="classify">
        <CameraStage
          tabs={tabs}
          onSnap={() => {
            source.value = 'pictures'
          }}
        />
      </div>
    )
  }
  return (
    <div class="classify">
      <section class="panel stage" aria-label="Pictures">
        {tabs}
        <PictureStage />
      </section>
      <div class="side">
        {selected.value && <ResultsPanel />}
        <SampleWall />
        {!selected.value && <ResultsPanel />}
      </div>
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
