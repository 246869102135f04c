/** @jsxImportSource preact */

import { count } from '@mobileone/site-kit/format'
import type { JSX } from 'preact'
import type { Cost } from './fold-blocks.ts'

interface Props {
  readonly now: Cost
  /** To say by how much it has changed. */
  readonly before?: Cost | undefined
  readonly isLarge?: boolean
}

const names: readonly (readonly [keyof Cost, string])[] = [
  ['nodes', 'layers'],
  ['params', 'parameters'],
  ['macs', 'multiply-adds'],
]

/** What something costs, and how much less that is. */
export function Figures({ now, before, isLarge = false }: Props): JSX.Element {
  return (
    <dl class={`figures ${isLarge ? 'large' : ''}`}>
      {names.map(([key, name]) => (
        <div key={key}>
          <dt>{name}</dt>
          <dd>{count(now[key])}</dd>
          {before && <dd class="change">{changeOf(now[key], before[key])}</dd>}
        </div>
      ))}
    </dl>
  )
}

/** `-71 %`, `+4 %`, or `as trained`. */
export function changeOf(now: number, before: number): string {
  if (now === before || before === 0) return 'as trained'
  const percent = (100 * (now - before)) / before
  if (Math.abs(percent) < 0.05) return percent > 0 ? 'a little more' : 'a little less'
  const digits = Math.abs(percent) < 10 ? 1 : 0
  return `${percent > 0 ? '+' : '−'}${Math.abs(percent).toFixed(digits)} %`
}
