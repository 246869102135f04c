import type { Report, Result } from '../result.ts'
import { headlineRatio, type SpeedRatio } from '../speed-ratio.ts'
import type { StudyNetwork } from './study.ts'

/** One contender in one runtime with one number of threads: what a column of a study is of. */
export interface Series {
  readonly contender: string
  readonly runtime: string
  readonly threads: number
  /** Short, for people; tells the runtime and the threads only where there are several. */
  readonly title: string
}

const titles: Readonly<Record<string, string>> = {
  'mobileone-wasm': 'MobileOne wasm',
  'mobileone-webgpu': 'MobileOne WebGPU',
  'ort-wasm': 'ONNX Runtime Web',
  'ort-webgpu': 'ONNX Runtime WebGPU',
  'ort-node': 'ONNX Runtime native',
  'tfjs-wasm': 'TensorFlow.js wasm',
  'tfjs-webgpu': 'TensorFlow.js WebGPU',
  'litert-wasm': 'LiteRT.js',
}

/** Everyone who was measured, ours first, then in the report's order. */
export function seriesOf({ results }: Pick<Report, 'results'>): Series[] {
  const found = new Map<string, Omit<Series, 'title'>>()
  for (const { contender, runtime, threads } of results) {
    found.set([contender, runtime, threads].join(' '), { contender, runtime, threads })
  }
  const all = [...found.values()].sort(
    (a, b) => a.threads - b.threads || Number(isOurs(b)) - Number(isOurs(a)),
  )
  const several = (pick: (series: Omit<Series, 'title'>) => unknown): boolean =>
    new Set(all.map(pick)).size > 1
  const runtimes = several(({ runtime }) => runtime)
  const threads = several((series) => series.threads)
  return all.map((series) => {
    const where = runtimes ? `, ${series.runtime}` : ''
    const many = threads ? ` ×${series.threads}` : ''
    return { ...series, title: `${titles[series.contender] ?? series.contender}${many}${where}` }
  })
}

function isOurs({ contender }: Pick<Series, 'contender'>): boolean {
  return contender.startsWith('mobileone-')
}

/** A network's result in a series, with the figure its protocol counts. */
export interface Timed {
  readonly result: Result
  readonly ms: number
}

/** Looks times up in a report. */
export interface Times {
  readonly series: readonly Series[]
  of(id: string, series: Series): Timed | undefined
  /** Time of one network over that of another, with its interval where the figure is the median; undefined where either is missing. */
  ratio(id: string, base: string, series: Series): SpeedRatio | undefined
  /** The first that tells: a fact of the network and the runtime, not a time. */
  steps(id: string): number | undefined
}

/** The times of `report` by network. */
export function timesOf(report: Report): Times {
  const series = seriesOf(report)
  const of = (id: string, { contender, runtime, threads }: Series): Timed | undefined => {
    const result = report.results.find(
      (each) =>
        each.variant === id &&
        each.contender === contender &&
        each.runtime === runtime &&
        each.threads === threads,
    )
    const ms = result?.[report.protocol.headline] ?? null
    return result && ms !== null ? { result, ms } : undefined
  }
  const ratios = new Map<string, SpeedRatio | undefined>()
  return {
    series,
    of,
    ratio: (id, base, one) => {
      const key = [id, base, one.contender, one.runtime, one.threads].join(' ')
      if (!ratios.has(key)) {
        const [first, second] = [of(id, one), of(base, one)]
        ratios.set(
          key,
          first && second && headlineRatio(first.result, second.result, report.protocol.headline),
        )
      }
      return ratios.get(key)
    },
    steps: (id) => report.results.find(({ variant, steps }) => variant === id && steps !== undefined)?.steps,
  }
}

/** Whether anyone ran it. */
export function isTimed(times: Times, id: string): boolean {
  return times.series.some((one) => times.of(id, one) !== undefined)
}

/** What a report lacks of `networks`, in words: not measured, left out, or ended early. */
export function gapsOf(report: Report, networks: readonly StudyNetwork[]): string[] {
  const series = seriesOf(report)
  const nameOf = ({ contender, runtime, threads }: Omit<Series, 'title'>): string =>
    series.find((one) => one.contender === contender && one.runtime === runtime && one.threads === threads)
      ?.title ?? `${titles[contender] ?? contender} ×${threads}, ${runtime}`
  const missing = networks.filter(
    ({ id }) => ![...report.results, ...report.skipped].some(({ variant }) => variant === id),
  )
  const lines = new Map<string, string[]>()
  const add = (line: string, title: string): void => {
    lines.set(line, [...(lines.get(line) ?? []), title])
  }
  for (const { title, id } of networks) {
    for (const entry of report.skipped) {
      if (entry.variant === id) add(`${nameOf(entry)} did not run it: ${entry.reason}`, title)
    }
    for (const entry of report.results) {
      if (entry.variant === id && entry.incomplete !== undefined)
        add(`${nameOf(entry)} did not finish: ${entry.incomplete}`, title)
    }
  }
  return [
    ...(missing.length > 0 ? [missingText(missing, networks.length)] : []),
    ...[...lines].map(([line, who]) => `${who.join(', ')}: ${line}.`),
  ]
}

/** Names where they are few. */
function missingText(missing: readonly StudyNetwork[], all: number): string {
  const names = missing.map(({ title }) => title)
  return names.length <= 6
    ? `Not measured: ${names.join('; ')}.`
    : `Not measured: ${names.length} of the ${all} networks of the study, ${names.slice(0, 3).join('; ')} and others.`
}
