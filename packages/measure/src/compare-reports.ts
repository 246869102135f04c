import type { Report, Result } from './result.ts'
import { headlineRatio, type SpeedRatio } from './speed-ratio.ts'
import { table } from './text-table.ts'

/** What two reports have measured of the same contender, network, runtime and number of threads. */
export interface ComparedResult {
  readonly contender: string
  readonly variant: string
  readonly runtime: string
  readonly threads: number
  /** The headline figure of each report, in milliseconds; null where that report has none. */
  readonly beforeMs: number | null
  readonly afterMs: number | null
  /** Time in the second over time in the first: below 1, the second is faster. Undefined where one of them has none, or their protocols have other figures. */
  readonly ratio: SpeedRatio | undefined
  /** `alike` where the interval of the ratio holds 1. */
  readonly change: 'faster' | 'slower' | 'alike' | 'added' | 'removed' | 'unknown'
}

/** Two reports side by side. */
export interface Comparison {
  readonly results: readonly ComparedResult[]
  /** What differs between them besides the times, in words: machine, versions, protocol. Ratios are then not of one cause. */
  readonly differences: readonly string[]
}

/** Every result of either report beside that of the other, in the order of the first, then of the second. */
export function compareReports(before: Report, after: Report): Comparison {
  const key = ({ contender, variant, runtime, threads }: Result): string =>
    [contender, variant, runtime, threads].join('\n')
  const byKey = (report: Report): Map<string, Result> =>
    new Map(report.results.map((result) => [key(result), result]))
  const [first, second] = [byKey(before), byKey(after)]
  const { headline } = after.protocol
  const isAlike = headline === before.protocol.headline
  const results = [...new Set([...first.keys(), ...second.keys()])].map((each): ComparedResult => {
    const [a, b] = [first.get(each), second.get(each)]
    const { contender, variant, runtime, threads } = (a ?? b) as Result
    const ratio = a && b && isAlike ? headlineRatio(b, a, headline) : undefined
    return {
      contender,
      variant,
      runtime,
      threads,
      beforeMs: a?.[before.protocol.headline] ?? null,
      afterMs: b?.[after.protocol.headline] ?? null,
      ratio,
      change: changeOf(a, b, ratio),
    }
  })
  return { results, differences: differencesOf(before, after) }
}

function changeOf(
  before: Result | undefined,
  after: Result | undefined,
  ratio: SpeedRatio | undefined,
): ComparedResult['change'] {
  if (!before) return 'added'
  if (!after) return 'removed'
  if (!ratio) return 'unknown'
  return ratio.high < 1 ? 'faster' : ratio.low > 1 ? 'slower' : 'alike'
}

function differencesOf(before: Report, after: Report): string[] {
  const differ = (what: string, a: string | number | undefined, b: string | number | undefined): string[] =>
    a === b ? [] : [`${what}: ${a ?? 'unknown'} and ${b ?? 'unknown'}`]
  const names = new Set([...Object.keys(before.versions), ...Object.keys(after.versions)])
  return [
    ...differ('processor', before.machine.cpu, after.machine.cpu),
    ...differ('cores', before.machine.cores, after.machine.cores),
    ...differ('platform', before.machine.platform, after.machine.platform),
    ...differ('protocol', before.protocol.name, after.protocol.name),
    ...[...names].flatMap((name) => differ(name, before.versions[name], after.versions[name])),
  ]
}

/** The comparison for a terminal: a row for each result, then what else differs. */
export function comparisonText({ results, differences }: Comparison): string {
  const ms = (value: number | null): string => (value === null ? '' : value.toFixed(value < 10 ? 2 : 1))
  const rows = results.map(({ contender, variant, runtime, threads, beforeMs, afterMs, ratio, change }) => [
    `${contender} ×${threads}`,
    `${variant} in ${runtime}`,
    ms(beforeMs),
    ms(afterMs),
    ratio ? ratio.ratio.toFixed(2) : '',
    ratio ? `${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}` : '',
    change,
  ])
  const titles = ['contender', 'network', 'before', 'after', 'ratio', '95 % interval', 'change']
  const notes =
    differences.length > 0 ? ['', 'What else differs', ...differences.map((each) => `  ${each}`)] : []
  return `${[table(titles, rows, [2, 3, 4, 5]), ...notes].join('\n')}\n`
}
