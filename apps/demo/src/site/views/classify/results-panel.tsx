/** @jsxImportSource preact */

import { percent } from '@mobileone/site-kit/format'
import { Notice } from '@mobileone/site-kit/notice'
import type { JSX } from 'preact'
import { openChooser } from '../../choose/chooser.ts'
import { engine } from '../../state/engine.ts'
import { Bars } from '../../ui/bars.tsx'
import { NetworkInput } from './network-input.tsx'
import { Options } from './options.tsx'
import { type Picture, selected, settings } from './pictures.ts'
import { Stages } from './stage-times.tsx'

/** The classes of the picture that is shown, where the time went, and how pictures are prepared. */
export function ResultsPanel(): JSX.Element {
  const picture = selected.value
  const { topK } = settings.value
  const outcome = picture?.outcome
  const predictions = outcome?.state === 'done' ? outcome.predictions : []
  const [best] = predictions
  return (
    <section class="panel" aria-labelledby="result-title">
      <h2 id="result-title">{titleOf(picture)}</h2>
      <p class="hidden" role="status">
        {picture && best && `${picture.name}: ${best.label}, ${percent(best.score, 0)}`}
      </p>
      {outcome?.state === 'failed' && (
        <Notice kind="error" title="This picture cannot be classified">
          {outcome.message}
        </Notice>
      )}
      {picture && <WhyWaiting picture={picture} />}
      <Bars predictions={predictions} rows={topK} label="Best classes" />
      <div class="measured">
        <NetworkInput
          source={outcome?.state === 'done' ? picture?.file : undefined}
          size={picture?.size}
          region={picture?.region}
        />
        <Stages times={outcome?.state === 'done' ? outcome.times : undefined} />
      </div>
      <Options resample />
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

/** What the visitor has to do before a picture can be classified. */
function WhyWaiting({ picture }: { readonly picture: Picture }): JSX.Element | null {
  const { need, status, title } = engine.value
  const isDone = picture.outcome.state === 'done'
  const text =
    status === 'ready'
      ? undefined
      : need?.kind === 'download'
        ? `${title} has to be downloaded first; then this picture is classified.`
        : need || status === 'error'
          ? `${title} does not run; see above.`
          : isDone
            ? `${title} is being loaded; these are the classes of the model before.`
            : undefined
  if (!text) return null
  return (
    <Notice title={isDone ? 'Not of the model that is chosen now' : 'Waiting'}>
      {text}{' '}
      <button type="button" class="link" onClick={openChooser}>
        Choose a model
      </button>
    </Notice>
  )
}
