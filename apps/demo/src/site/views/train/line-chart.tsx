/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { type Point, pathOf, smoothed, ticks } from './series.ts'

interface Line {
  readonly name: string
  /** Of CSS: its colour and dashes. */
  readonly kind: string
  readonly points: readonly Point[]
}

interface Props {
  readonly title: string
  readonly lines: readonly Line[]
  readonly steps: number
  /** Range of the values; what they have where it is left out. */
  readonly range?: readonly [low: number, high: number]
  readonly format: (value: number) => string
  /** Draw what a noisy line is about over it. */
  readonly smooth?: boolean
  /** A value to compare with, dotted. */
  readonly reference?: { readonly value: number; readonly name: string }
  readonly empty: string
}

/** Values by step. Its numbers are in the table beside it, so that it is a picture alone to assistive technology. */
export function LineChart({
  title,
  lines,
  steps,
  range,
  format,
  smooth = false,
  reference,
  empty,
}: Props): JSX.Element {
  const values = lines.flatMap(({ points }) => points.map(({ value }) => value))
  const marks = ticks(range?.[0] ?? Math.min(...values, 0.5), range?.[1] ?? Math.max(...values, 2))
  const [low, high] = [marks[0] as number, marks.at(-1) as number]
  const scale = { steps: Math.max(1, steps), low, high }
  const last = lines.map(
    ({ name, points }) => `${name} ${points.length > 0 ? format(points.at(-1)!.value) : 'none yet'}`,
  )
  const at = (value: number): string => `${100 - (100 * (value - low)) / (high - low)}%`
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div class="plot" role="img" aria-label={`${title}: ${last.join(', ')}`}>
        {marks.map((mark) => (
          <span key={mark} class="mark" style={{ top: at(mark) }}>
            {format(mark)}
          </span>
        ))}
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
          {marks.map((mark) => {
            const y = 100 - (100 * (mark - low)) / (high - low)
            return <path key={mark} class="grid" d={`M0 ${y}H100`} />
          })}
          {reference && (
            <path class="reference" d={`M0 ${100 - (100 * (reference.value - low)) / (high - low)}H100`} />
          )}
          {lines.map(({ kind, points }) => (
            <g key={kind} class={kind}>
              {smooth && <path class="raw" d={pathOf(points, scale)} />}
              <path class="line" d={pathOf(smooth ? smoothed(points) : points, scale)} />
            </g>
          ))}
        </svg>
        {reference && (
          <span class="note" style={{ top: at(reference.value) }}>
            {reference.name}
          </span>
        )}
        {values.length === 0 && <span class="none">{empty}</span>}
      </div>
      <div class="steps" aria-hidden="true">
        <span>0</span>
        <span>step {steps}</span>
      </div>
    </figure>
  )
}
