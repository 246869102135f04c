/** @jsxImportSource preact */

import { milliseconds } from '@mobileone/site-kit/format'
import { Notice } from '@mobileone/site-kit/notice'
import type { JSX } from 'preact'
import type { Measurement } from './use-measurement.ts'

interface Props {
  readonly measurement: Measurement
  /** In the order of the experiment, shown before there is anything to show. */
  readonly labels: readonly string[]
  readonly button: string
  /** Beside each label, such as a figure of the paper. */
  readonly notes?: Readonly<Record<string, string>>
}

/** The button of an experiment and its result: a bar for each contender, with how it compares with the first. */
export function MeasuredBars({ measurement, labels, button, notes = {} }: Props): JSX.Element {
  const { state, fraction, timings, error, start } = measurement
  const longest = Math.max(0, ...timings.map(({ ms }) => ms))
  const first = timings[0]?.ms
  return (
    <div class="measured">
      <div class="row">
        <button type="button" class="quiet" disabled={state === 'running'} onClick={start}>
          {state === 'running'
            ? `Measuring… ${Math.round(100 * fraction)} %`
            : state === 'done'
              ? 'Measure again'
              : button}
        </button>
      </div>
      {error && (
        <Notice kind="error" title="This could not be measured">
          {error}
        </Notice>
      )}
      <ul class="bars" aria-live="polite">
        {labels.map((label) => {
          const ms = timings.find((timing) => timing.label === label)?.ms
          return (
            <li key={label}>
              <span class="name">
                {label}
                {notes[label] && <span class="muted"> {notes[label]}</span>}
              </span>
              <span class="value">
                {ms === undefined || !first ? '–' : `${milliseconds(ms)} · ${(ms / first).toFixed(2)}×`}
              </span>
              <progress max={longest || 1} value={ms ?? 0} aria-hidden="true" />
            </li>
          )
        })}
      </ul>
    </div>
  )
}
