/** @jsxImportSource preact */
import { random } from '@mobileone/core'
import type { Protocol, Report, Result } from '@mobileone/measure'
import type { JSX } from 'preact'
import { useMemo, useRef, useState } from 'preact/hooks'
import { isOurs, laneTitle } from '../names.ts'
import { msText } from './result-columns.ts'
import { type Mark, sampleMarks, timeScale } from './sample-marks.ts'
import { useWidth } from './use-width.ts'
import './strip-plot.css'

const stripHeight = 34
const inset = 12
const jitter = 9

interface Props {
  readonly results: readonly Result[]
  readonly report: Report
}

/** Every run of every contender as a dot, the figure that counts as a bar across them. The time axis begins at 0. */
export function StripPlot({ results, report }: Props): JSX.Element | null {
  const box = useRef<HTMLDivElement>(null)
  const width = useWidth(box, 640)
  const [said, setSaid] = useState('')
  const shown = results.filter(({ samples }) => samples.length > 0)
  if (shown.length === 0) return null
  const scale = timeScale(shown, Math.max(3, Math.min(8, Math.floor(width / 90))))
  const x = (ms: number): number => inset + (Math.min(ms, scale.end) / scale.end) * (width - 2 * inset)
  const isTrimming = report.protocol.trim > 0
  return (
    <figure class="plot" ref={box}>
      <figcaption class="muted small">
        Every run is a dot, the bar is the {headlineWord(report.protocol)}
        {isTrimming && '; hollow dots are left out of it'}. Point at one, or go along a strip by the arrow
        keys.
      </figcaption>
      {shown.map((result) => (
        <Strip
          key={`${result.contender} ${result.threads}`}
          result={result}
          report={report}
          width={width}
          x={x}
          end={scale.end}
          onSay={setSaid}
        />
      ))}
      <svg class="axis" width={width} height={22} aria-hidden="true">
        {scale.ticks.map((tick, index) => (
          <text
            key={tick}
            x={x(tick)}
            y={14}
            text-anchor={index === 0 ? 'start' : index === scale.ticks.length - 1 ? 'end' : 'middle'}
          >
            {tick}
            {index === scale.ticks.length - 1 ? ' ms' : ''}
          </text>
        ))}
      </svg>
      <p class="said small" aria-hidden="true">
        {said || '\u00a0'}
      </p>
    </figure>
  )
}

function headlineWord({ headline }: Protocol): string {
  switch (headline) {
    case 'medianMs':
      return 'median'
    case 'meanMs':
      return 'mean'
    case 'minMs':
      return 'shortest'
    default:
      return headline satisfies never
  }
}

interface StripProps {
  readonly result: Result
  readonly report: Report
  readonly width: number
  readonly end: number
  readonly x: (ms: number) => number
  readonly onSay: (text: string) => void
}

function Strip({ result, report, width, end, x, onSay }: StripProps): JSX.Element {
  const [at, setAt] = useState<number>()
  const marks = useMemo(() => sampleMarks(result.samples, report.protocol), [result, report.protocol])
  const heights = useMemo(() => {
    const source = random(7)
    return marks.map(() => stripHeight / 2 + (source.next() - 0.5) * 2 * jitter)
  }, [marks])
  const radius = marks.length > 200 ? 1.8 : 2.8
  const dots = (isWanted: (mark: Mark) => boolean): string =>
    marks
      .map((mark, index) =>
        isWanted(mark)
          ? `M${(x(mark.ms) - radius).toFixed(1)} ${(heights[index] as number).toFixed(1)}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0`
          : '',
      )
      .join('')
  const headline = result[report.protocol.headline] ?? 0
  const title = laneTitle(result)
  const show = (index: number | undefined): void => {
    setAt(index)
    const mark = index === undefined ? undefined : marks[index]
    onSay(mark ? `${title}: ${markText(mark, marks.length, report.protocol)}` : '')
  }
  const mark = at === undefined ? undefined : marks[at]
  const move = (event: KeyboardEvent): void => {
    const last = marks.length - 1
    const from = at ?? -1
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: Math.min(last, from + 1),
      ArrowUp: Math.min(last, from + 1),
      ArrowLeft: Math.max(0, from - 1),
      ArrowDown: Math.max(0, from - 1),
      PageUp: Math.min(last, from + 10),
      PageDown: Math.max(0, from - 10),
      Home: 0,
      End: last,
    }
    const to = steps[event.key]
    if (to === undefined) return
    event.preventDefault()
    show(to)
  }
  return (
    <div class={`strip${isOurs(result.contender) ? ' ours' : ''}`}>
      <div class="strip-head">
        <span>
          {title}
          {result.incomplete !== undefined && <span class="bad"> incomplete</span>}
        </span>
        <strong class="numeric">{msText(headline)} ms</strong>
      </div>
      <div
        class="strip-dots"
        role="slider"
        tabIndex={0}
        aria-label={`Runs of ${title}`}
        aria-valuemin={1}
        aria-valuemax={marks.length}
        aria-valuenow={(at ?? 0) + 1}
        aria-valuetext={markText(mark ?? (marks[0] as Mark), marks.length, report.protocol)}
        onKeyDown={move}
        onFocus={() => show(at ?? 0)}
        onBlur={() => show(undefined)}
        onPointerMove={(event) => {
          const { left, top } = event.currentTarget.getBoundingClientRect()
          show(nearest(marks, heights, x, event.clientX - left, event.clientY - top))
        }}
        onPointerLeave={() => show(undefined)}
      >
        <svg width={width} height={stripHeight} aria-hidden="true">
          <rect class="band" x={0} y={0} width={width} height={stripHeight} rx={6} />
          <path class="dot" d={dots(({ ms, isTrimmed }) => !isTrimmed && ms <= end)} />
          <path class="dot left-out" d={dots(({ ms, isTrimmed }) => isTrimmed && ms <= end)} />
          <path class="dot beyond" d={dots(({ ms }) => ms > end)} />
          <line class="headline" x1={x(headline)} x2={x(headline)} y1={3} y2={stripHeight - 3} />
          {mark && at !== undefined && (
            <circle class="chosen" cx={x(mark.ms)} cy={heights[at]} r={radius + 3} />
          )}
        </svg>
      </div>
    </div>
  )
}

/** `run 3 of 20: 12.4 ms`, with its round where a round has several, and why it does not count where it does not. */
function markText({ ms, turn, run, isTrimmed }: Mark, count: number, { runsPerTurn }: Protocol): string {
  const which = runsPerTurn === 1 ? `run ${turn} of ${count}` : `round ${turn}, run ${run}`
  return `${which}: ${msText(ms)} ms${isTrimmed ? ', left out' : ''}`
}

function nearest(
  marks: readonly Mark[],
  heights: readonly number[],
  x: (ms: number) => number,
  left: number,
  top: number,
): number | undefined {
  let best: number | undefined
  let least = 20 ** 2
  marks.forEach(({ ms }, index) => {
    const distance = (x(ms) - left) ** 2 + ((heights[index] as number) - top) ** 2
    if (distance < least) {
      least = distance
      best = index
    }
  })
  return best
}
