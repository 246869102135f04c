/** @jsxImportSource preact */

import { percent } from '@mobileone/site-kit/format'
import type { JSX } from 'preact'
import { formNames } from './forms.ts'
import { Picture } from './picture.tsx'
import { samplesOf } from './prepared-data.ts'
import { session } from './training-session.ts'

/** What the networks say of some held-out pictures, as they learn. */
export function SamplesSection(): JSX.Element | null {
  const current = session.value
  if (!current) return null
  const { data, runs } = current
  return (
    <section class="panel" aria-labelledby="samples-title">
      <h2 id="samples-title">What they say of pictures they never learn from</h2>
      <ul class="samples">
        {samplesOf(data).map((index, place) => {
          const label = data.held.classes[index] as number
          return (
            <li key={index}>
              <Picture
                pictures={data.held}
                size={data.size}
                channels={data.channels}
                index={index}
                label={`A picture of ${data.labels[label]}`}
              />
              <strong>{data.labels[label]}</strong>
              {runs.map(({ form, state }) => {
                const guess = state.value.guesses[place]
                const isRight = guess?.label === label
                return (
                  <span key={form} class={`guess ${form}`}>
                    <span class={guess ? (isRight ? 'right' : 'wrong') : 'right'} aria-hidden="true">
                      {guess ? (isRight ? '✓' : '✗') : ' '}
                    </span>
                    <span class="said">
                      <span class="hidden">{formNames[form]}: </span>
                      {guess ? data.labels[guess.label] : '–'}
                    </span>
                    <span class="numeric">{guess ? percent(guess.score, 0) : ''}</span>
                  </span>
                )
              })}
            </li>
          )
        })}
      </ul>
    </section>
  )
}
