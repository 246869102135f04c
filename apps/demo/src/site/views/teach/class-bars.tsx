/** @jsxImportSource preact */

import { percent } from '@mobileone/site-kit/format'
import type { JSX } from 'preact'
import { project } from './taught.ts'

/** A probability for each class, in the order of the classes, so that rows stay where they are. */
export function ClassBars({
  scores,
}: {
  readonly scores: ReadonlyMap<string, number> | undefined
}): JSX.Element {
  const { classes } = project.value
  const best = Math.max(...classes.map(({ id }) => scores?.get(id) ?? 0))
  return (
    <ol class="bars" aria-label="What it sees">
      {classes.map(({ id, name }) => {
        const score = scores?.get(id) ?? 0
        const isBest = scores !== undefined && score > 0 && score === best
        return (
          <li key={id} class={isBest ? 'best' : ''}>
            <span class="name">{name}</span>
            <span class="value">{scores ? percent(score, 0) : ''}</span>
            <progress max={1} value={score} aria-hidden="true" />
          </li>
        )
      })}
    </ol>
  )
}
