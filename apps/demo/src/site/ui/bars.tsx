/** @jsxImportSource preact */
import type { Prediction } from '@mobileone/sdk'
import { percent } from '@mobileone/site-kit/format'
import type { JSX } from 'preact'

interface Props {
  readonly predictions: readonly Prediction[]
  /** Rows that are there even before the first result, so that nothing moves. */
  readonly rows: number
  readonly label: string
}

/** Classes with their probability as bars, best first. */
export function Bars({ predictions, rows, label }: Props): JSX.Element {
  return (
    <ol class="bars" aria-label={label}>
      {Array.from({ length: rows }, (_, row) => {
        const found = predictions[row]
        return (
          <li key={row} aria-hidden={found ? undefined : true}>
            <span class="name">{found?.label ?? '\u00a0'}</span>
            <span class="value">{found ? percent(found.score) : ''}</span>
            <progress max={1} value={found?.score ?? 0} aria-hidden="true" />
          </li>
        )
      })}
    </ol>
  )
}
