import { formatBytes, table } from '@mobileone/measure'
import { type Circumstances, circumstancesText } from '../circumstances.ts'
import type { Memory } from './lane.ts'
import { allowed, type Counts, fewestJudged, type Sample, type Skipped, type SoakPart } from './run-soak.ts'
import { backends } from './subjects.ts'
import type { Phase } from './work.ts'

/** The document of `npm run soak -- --json`. */
export interface SoakReport extends Circumstances {
  readonly kind: 'mobileone-soak'
  readonly counts: Counts
  readonly parts: readonly SoakPart[]
  readonly skipped: readonly Skipped[]
}

/** What is wrong, a line each; none where the run is good. */
export function problemsOf({ parts, skipped }: SoakReport): string[] {
  return [
    ...skipped.map(({ backend, runtime, reason }) => `${backend} in ${runtime} did not run: ${reason}`),
    ...parts.flatMap(({ backend, runtime, phase, problem, grown }) => [
      ...(problem === undefined ? [] : [`${backend} in ${runtime}: ${problem}`]),
      ...grown.map(
        ({ what, from, to }) =>
          `${backend} in ${runtime}, ${phase}: ${what} has grown from ${amount(what, from)} to ${amount(what, to)}`,
      ),
    ]),
  ]
}

const header = ['backend', 'in', 'done', 'of', 'a second', 'heap', 'external', 'process', 'outcome'] as const
const numbers = [2, 3, 4]

/** All phases as text, one table each. */
export function soakText(report: SoakReport): string {
  return phasesOf(report)
    .map(
      (phase) =>
        `${titles[phase]}\n\n${table(
          [...header],
          report.parts.filter((part) => part.phase === phase).map(cells),
          numbers,
        )}\n`,
    )
    .join('\n')
}

/** One phase as a table of Markdown. */
export function phaseMarkdown(report: SoakReport, phase: Phase): string {
  const rows = report.parts.filter((part) => part.phase === phase).map(cells)
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`
  return [
    line(header),
    line(header.map((_, index) => (numbers.includes(index) ? '---:' : '---'))),
    ...rows.map(line),
    '',
  ].join('\n')
}

/** How it was measured, and what was left out, as Markdown. */
export function soakRunMarkdown(report: SoakReport): string {
  const { counts, skipped } = report
  const short = report.parts.filter(({ done, asked }) => done < asked)
  return [
    `${circumstancesText(report)} Asked for: ${count(counts.inferences)} inferences, ${count(counts.cycles)} cycles, ${count(counts.aborts)} aborts of each.`,
    short.length === 0
      ? 'All counts were reached.'
      : `${short.length} of ${report.parts.length} parts ended before their count, by the time given to them; the tables state what was reached.`,
    ...skipped.map(({ backend, runtime, reason }) => `Not run: ${backend} in ${runtime}, ${reason}.`),
    '',
  ].join('\n')
}

const titles: Readonly<Record<Phase, string>> = {
  inferences: 'Inferences',
  cycles: 'Load, compile, run, dispose',
  aborts: 'Aborts',
}

function phasesOf({ parts }: SoakReport): Phase[] {
  return (Object.keys(titles) as Phase[]).filter((phase) => parts.some((part) => part.phase === phase))
}

function cells(part: SoakPart): string[] {
  const { backend, runtime, done, asked, seconds, samples, problem, grown, aborted } = part
  const outcome =
    problem !== undefined
      ? 'failed'
      : grown.length > 0
        ? `grown: ${grown.map(({ what }) => what).join(', ')}`
        : samples.length < fewestJudged
          ? 'too short to judge'
          : 'flat'
  return [
    `${backend}`,
    runtime,
    count(done),
    count(asked),
    done === 0 ? '' : rate(done / seconds),
    curve(samples, 'heap'),
    curve(samples, 'external'),
    curve(samples, 'process'),
    aborted === undefined ? outcome : `${outcome}; ${count(aborted)} ended the call`,
  ]
}

const levels = '▁▂▃▄▅▆▇█'

/**
 * The curve of a measure with its first and last value. It is drawn over what is allowed to be added or over its own range, whichever is
 * more, so that noise looks like noise.
 */
function curve(samples: readonly Sample[], what: keyof Memory): string {
  const values = samples.map((sample) => sample[what]).filter((value) => value !== undefined)
  if (values.length === 0) return ''
  const low = Math.min(...values)
  const range = Math.max(Math.max(...values) - low, allowed.node[what].amount)
  const drawn = thinned(values)
    .map((value) => levels[Math.min(7, Math.floor((8 * (value - low)) / range))])
    .join('')
  return `${drawn} ${amount(what, values[0] as number)} → ${amount(what, values.at(-1) as number)}`
}

/** As many as are drawn, at equal distances, the last among them. */
function thinned(values: readonly number[]): readonly number[] {
  const drawn = Math.min(values.length, 14)
  return Array.from(
    { length: drawn },
    (_, index) => values[Math.round(((values.length - 1) * index) / Math.max(1, drawn - 1))] as number,
  )
}

function amount(what: keyof Memory, value: number): string {
  return what === 'workers' ? String(value) : formatBytes(value)
}

const count = (value: number): string => value.toLocaleString('en-US')
const rate = (value: number): string => value.toLocaleString('en-US', { maximumSignificantDigits: 3 })

/** What each backend of the tables is. */
export function backendsMarkdown(): string {
  return `${Object.entries(backends)
    .map(([name, { about }]) => `\`${name}\`: ${about}`)
    .join('; ')}.\n`
}
