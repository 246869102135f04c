/** @jsxImportSource preact */

import { milliseconds } from '@mobileone/site-kit/format'
import type { JSX } from 'preact'
import type { StageTimes } from './pictures.ts'

interface Stage {
  readonly title: string
  readonly about: string
  readonly ms: (times: StageTimes) => number
}

const stages: readonly Stage[] = [
  { title: 'Decode', about: 'the file to pixels', ms: ({ decode }) => decode },
  { title: 'Prepare', about: 'cut out, resized, normalised', ms: ({ prepare }) => prepare },
  { title: 'Network', about: 'one run of the model', ms: ({ run }) => run },
  {
    title: 'Transfer',
    about: 'to the worker and back, and waiting there: what is left of the whole',
    ms: ({ whole, decode, prepare, run }) => Math.max(0, whole - decode - prepare - run),
  },
]

/** Where the time of a picture went, and how that is known. */
export function Stages({ times }: { readonly times: StageTimes | undefined }): JSX.Element {
  return (
    <div class="times">
      <div class="split" aria-hidden="true">
        {stages.map(({ title, ms }) => (
          <span key={title} style={{ flexGrow: times ? ms(times) : 0 }} />
        ))}
      </div>
      <dl class="stages">
        {stages.map(({ title, ms }) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>{times ? milliseconds(ms(times)) : '–'}</dd>
          </div>
        ))}
        <div>
          <dt>Whole</dt>
          <dd>{times ? milliseconds(times.whole) : '–'}</dd>
        </div>
      </dl>
      <details>
        <summary>Where these figures come from</summary>
        <p class="muted">
          {stages.map(({ title, about }) => `${title}: ${about}`).join('. ')}. Whole: from handing over the
          picture until its classes are here. The first three are measured in the worker with each picture, by
          its own clock; the whole on this page. The first picture pays for starting up.
        </p>
      </details>
    </div>
  )
}
