/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { engine } from '../../state/engine.ts'
import { Bars } from '../../ui/bars.tsx'
import { milliseconds } from '../../ui/format.ts'
import { Notice } from '../../ui/notice.tsx'
import { NetworkInput } from './network-input.tsx'
import {
  type Outcome,
  type Picture,
  type Settings,
  type StageTimes,
  selected,
  setSettings,
  settings,
} from './pictures.ts'

/** The classes of the picture that is shown, where the time went, and how pictures are prepared. */
export function ResultsPanel(): JSX.Element {
  const picture = selected.value
  const { topK } = settings.value
  const outcome = picture?.outcome
  return (
    <section class="panel" aria-labelledby="result-title">
      <h2 id="result-title">{titleOf(picture)}</h2>
      {outcome?.state === 'failed' && (
        <Notice kind="error" title="This picture cannot be classified">
          {outcome.message}
        </Notice>
      )}
      <div aria-live="polite">
        <Bars
          predictions={outcome?.state === 'done' ? outcome.predictions : []}
          rows={topK}
          label="Best classes"
        />
      </div>
      <Stages outcome={outcome} />
      <Preparation picture={picture} />
    </section>
  )
}

function titleOf(picture: Picture | undefined): string {
  if (!picture) return 'What it is'
  switch (picture.outcome.state) {
    case 'waiting':
      return engine.value.status === 'ready' ? 'Its turn comes…' : 'Waiting for the model…'
    case 'running':
      return 'Looking…'
    case 'done':
      return picture.outcome.predictions[0]?.label ?? 'Nothing it knows'
    case 'failed':
      return picture.name
    default:
      return picture.outcome satisfies never
  }
}

const stages: readonly {
  readonly title: string
  readonly about: string
  readonly ms: (times: StageTimes) => number
}[] = [
  { title: 'Decode', about: 'the file to pixels, measured again on the page', ms: ({ decode }) => decode },
  {
    title: 'Resize, send',
    about: 'resizing, normalising and the way to the worker: what is left of the whole',
    ms: ({ total, decode, network }) => Math.max(0, total - decode - network),
  },
  { title: 'Network', about: 'the least of three runs on an empty picture', ms: ({ network }) => network },
  { title: 'Whole', about: 'from the file to the classes, in the worker and back', ms: ({ total }) => total },
]

function Stages({ outcome }: { readonly outcome: Outcome | undefined }): JSX.Element {
  const times = outcome?.state === 'done' ? outcome.times : undefined
  return (
    <dl class="stages">
      {stages.map(({ title, about, ms }) => (
        <div key={title} title={about}>
          <dt>
            {title} <span class="hidden">: {about}</span>
          </dt>
          <dd>{times ? milliseconds(ms(times)) : '–'}</dd>
        </div>
      ))}
    </dl>
  )
}

function Preparation({ picture }: { readonly picture: Picture | undefined }): JSX.Element {
  const { topK, fit, resample } = settings.value
  const rule = engine.value.classifier?.preprocess
  return (
    <details class="preparation">
      <summary>How the picture is prepared</summary>
      <div class="row">
        {picture && rule && picture.outcome.state === 'done' && (
          <NetworkInput file={picture.file} rule={rule} region={picture.region} fit={fit} />
        )}
        <div class="choices">
          <label>
            Part of the picture
            <select
              value={fit}
              onChange={({ currentTarget }) => setSettings({ fit: currentTarget.value as Settings['fit'] })}
            >
              <option value="crop">the middle, as in training</option>
              <option value="letterbox">all of it, with borders</option>
              <option value="stretch">all of it, stretched</option>
            </select>
          </label>
          <label>
            Resizing
            <select
              value={resample}
              onChange={({ currentTarget }) =>
                setSettings({ resample: currentTarget.value as Settings['resample'] })
              }
            >
              <option value="exact">exact: the bits of Pillow</option>
              <option value="fast">fast: what the browser has</option>
            </select>
          </label>
          <label>
            Classes shown
            <select
              value={topK}
              onChange={({ currentTarget }) => setSettings({ topK: Number(currentTarget.value) })}
            >
              {[1, 3, 5, 10].map((count) => (
                <option key={count} value={count}>
                  {count}
                </option>
              ))}
            </select>
          </label>
        </div>
      </div>
    </details>
  )
}
