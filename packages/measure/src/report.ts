import { nameOf } from './benchmark.ts'
import type { GpuAdapter } from './gpu-counter.ts'
import { groupsOf } from './groups.ts'
import type { Report, Result } from './result.ts'
import { speedRatio } from './speed-ratio.ts'
import { formatBytes, table } from './text-table.ts'
import { busyReason, verdictsOf } from './verdict.ts'

/** Ours: what ratios are taken against. */
const yardstick = /^mobileone-/

/** A column of a report's table: its title, and what it shows of a result. Right-aligned unless `left`. */
export interface Column {
  readonly title: string
  readonly left?: boolean
  cell(result: Result, report: Report): string
}

/** Shown where not all is float32. */
const precision: Column = { title: 'precision', left: true, cell: precisionOf }
/** Shown where photographs were classified. */
const accuracy: Column = {
  title: 'top-1',
  cell: ({ accuracy }) => (accuracy ? ((100 * accuracy.right) / accuracy.photographs).toFixed(1) : ''),
}
const steadyTitles = { medianMs: 'median', meanMs: 'mean', minMs: 'least' } as const

const name: Column = { title: 'contender', left: true, cell: ({ contender }) => contender }
const threads: Column = { title: 'threads', cell: (result) => String(result.threads) }
const steady: readonly Column[] = [
  { title: 'p95', cell: ({ p95Ms }) => ms(p95Ms) },
  { title: '× ours', cell: (result, report) => ratioText(ratioToOurs(result, report)) },
  { title: 'GFLOP/s', cell: ({ gflops }) => (gflops === null ? '' : gflops.toFixed(1)) },
  { title: '% peak', cell: ({ peakShare }) => (peakShare === null ? '' : (100 * peakShare).toFixed(0)) },
]
/** Of a run. */
const gpuColumns: readonly Column[] = [
  { title: 'dispatches', cell: ({ gpu }) => (gpu ? countText(gpu.dispatches) : '') },
  { title: 'submits', cell: ({ gpu }) => (gpu ? countText(gpu.submits) : '') },
  { title: 'buffers made', cell: ({ gpu }) => (gpu ? countText(gpu.buffers) : '') },
  { title: 'uploaded', cell: ({ gpu }) => (gpu ? formatBytes(Math.round(gpu.uploadedBytes)) : '') },
  { title: 'read', cell: ({ gpu }) => (gpu ? formatBytes(Math.round(gpu.readBytes)) : '') },
]
const startColumns: readonly Column[] = [
  { title: 'load', cell: ({ loadMs }) => ms(loadMs) },
  { title: 'compile', cell: ({ compileMs }) => ms(compileMs) },
  { title: 'first', cell: ({ firstMs }) => ms(firstMs) },
  { title: 'start', cell: ({ startMs }) => ms(startMs) },
]
const costs: readonly Column[] = [
  { title: 'memory', cell: ({ memoryBytes }) => (memoryBytes === null ? '' : formatBytes(memoryBytes)) },
  { title: 'wire', cell: ({ wireBytes }) => (wireBytes === null ? '' : formatBytes(wireBytes)) },
  { title: 'gzip', cell: ({ wireGzipBytes }) => (wireGzipBytes === null ? '' : formatBytes(wireGzipBytes)) },
  { title: 'error', cell: ({ maxAbsError }) => maxAbsError.toExponential(0) },
]

/** The columns of a table, from what was measured. */
export function columnsOf({ protocol, peaks, results }: Report): readonly Column[] {
  const main: Column = {
    title: steadyTitles[protocol.headline],
    cell: (result) => ms(result[protocol.headline]),
  }
  const isSteady = results.some((result) => result.medianMs !== null)
  const onGpu = results.some(({ gpu }) => gpu)
  return [
    ...(onGpu ? [name] : [name, threads]),
    ...(results.some((result) => precisionOf(result) !== 'float32') ? [precision] : []),
    ...(isSteady ? [main, ...steady.filter(({ title }) => peaks.length > 0 || title !== '% peak')] : []),
    ...(onGpu && isSteady ? gpuColumns : []),
    ...startColumns,
    ...costs,
    ...(results.some(({ accuracy }) => accuracy) ? [accuracy] : []),
  ]
}

function precisionOf({ precision = 'float32' }: Result): string {
  return precision
}

/** Time over that of our backend in the same runtime with as many threads and in the same precision; undefined where there is none. */
export function ratioToOurs(result: Result, { results, protocol }: Report): number | undefined {
  const { headline } = protocol
  const ours = results.find(
    (other) =>
      yardstick.test(other.contender) &&
      other.variant === result.variant &&
      other.runtime === result.runtime &&
      other.threads === result.threads &&
      precisionOf(other) === precisionOf(result),
  )
  const own = result[headline]
  const base = ours?.[headline]
  return own && base ? own / base : undefined
}

/** The report for a terminal. */
export function reportText(report: Report): string {
  const columns = columnsOf(report)
  const right = columns.flatMap(({ left }, index) => (left ? [] : [index]))
  const parts = [summaryLines(report).join('\n')]
  for (const { variant, runtime, results } of groupsOf(report)) {
    const rows = results.map((result) => columns.map((column) => column.cell(result, report)))
    const title = `${variant} in ${runtime} (${gmacs(results)}; milliseconds)`
    parts.push(`${title}\n${table(titlesOf(columns), rows, right)}`)
  }
  const verdicts = [...verdictsOf(report).map(({ text }) => text), ...int8Lines(report)]
  if (verdicts.length > 0) parts.push(verdicts.join('\n'))
  const incomplete = incompleteLines(report)
  if (incomplete.length > 0) parts.push(['Not finished', ...incomplete].join('\n'))
  if (report.skipped.length > 0) parts.push(['Not measured', ...skippedLines(report)].join('\n'))
  return `${parts.join('\n\n')}\n`
}

/** The report as Markdown. */
export function reportMarkdown(report: Report): string {
  const columns = columnsOf(report)
  const parts = [
    summaryLines(report)
      .map((line) => `- ${line.trim()}`)
      .join('\n'),
  ]
  for (const { variant, runtime, results } of groupsOf(report)) {
    const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
    parts.push(
      `### ${variant.toUpperCase()} in ${runtime}`,
      [
        row(titlesOf(columns)),
        row(columns.map(({ left }) => (left ? '---' : '---:'))),
        ...results.map((result) =>
          row(
            columns.map((column) => {
              const cell = column.cell(result, report)
              return yardstick.test(result.contender) && cell ? `**${cell}**` : cell
            }),
          ),
        ),
      ].join('\n'),
    )
  }
  const list = (lines: readonly string[]): string => lines.map((line) => `- ${line.trim()}`).join('\n')
  const verdicts = [...verdictsOf(report).map(({ text }) => text), ...int8Lines(report)]
  if (verdicts.length > 0) parts.push(list(verdicts))
  const incomplete = incompleteLines(report)
  if (incomplete.length > 0) parts.push('### Not finished', list(incomplete))
  if (report.skipped.length > 0) {
    parts.push('### Not measured', list(skippedLines(report)))
  }
  return `${parts.join('\n\n')}\n`
}

function summaryLines(report: Report): string[] {
  const { date, machine, versions, protocol, peaks, results } = report
  const busy = busyReason(report)
  const load = machine.load
    ? `, load ${machine.load.before[0]?.toFixed(1)} before and ${machine.load.after[0]?.toFixed(1)} after`
    : ''
  return [
    ...(busy ? [`The machine was busy with other work: trust ratios more than times (${busy})`] : []),
    `${date.slice(0, 16).replace('T', ' ')} UTC, ${machine.cpu}, ${machine.cores} cores, ${machine.platform}${load}`,
    protocol.rounds === 0
      ? `${protocol.starts} fresh starts of each, from the model's bytes in memory to the first result; medians`
      : `Protocol ${protocol.name}: ${protocol.rounds} rounds of ${protocol.runsPerTurn}; ${protocol.what}`,
    ...peaks.map(({ runtime, threads, gflops, instruction }) => {
      const one = peaks.find((peak) => peak.runtime === runtime && peak.threads === 1)?.gflops
      const gain = threads > 1 && one ? `, ${(gflops / one).toFixed(2)} times one thread's` : ''
      return `Peak in ${runtime}, ${threads} ${threads === 1 ? 'thread' : 'threads'}: ${gflops.toFixed(1)} GFLOP/s${gain} (${instruction})`
    }),
    ...[...new Set(results.flatMap(({ gpu }) => (gpu ? [adapterText(gpu.adapter)] : [])))],
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  ]
}

/** What int8 gains ours, one line for each place where both precisions were timed. */
function int8Lines({ results }: Report): string[] {
  const ours = results.filter(({ contender }) => yardstick.test(contender))
  return ours.flatMap((result) => {
    const float = ours.find(
      (other) =>
        precisionOf(other) === 'float32' &&
        other.variant === result.variant &&
        other.runtime === result.runtime &&
        other.threads === result.threads,
    )
    if (precisionOf(result) !== 'int8' || !float) return []
    const gain = speedRatio(float.samples, result.samples)
    if (!gain) return []
    const { ratio, low, high } = gain
    const { contender, variant, runtime, threads } = result
    return [
      `${variant.toUpperCase()} in ${runtime}, ${threads} ${threads === 1 ? 'thread' : 'threads'}: ${contender} is ${ratio.toFixed(2)} times as fast as ${float.contender} in float32 (95 % interval ${low.toFixed(2)} to ${high.toFixed(2)}).`,
    ]
  })
}

function incompleteLines({ results }: Report): string[] {
  return results.flatMap((result) =>
    result.incomplete === undefined ? [] : [`  ${nameOf(result)} (${result.variant}): ${result.incomplete}`],
  )
}

/** One line per reason: contenders that were skipped for it, with their variants. */
function skippedLines({ skipped }: Report): string[] {
  const reasons = new Map<string, Map<string, Set<string>>>()
  for (const { contender, runtime, threads, variant, reason } of skipped) {
    const byName = reasons.get(reason) ?? new Map<string, Set<string>>()
    const name = `${contender} ×${threads} in ${runtime}`
    byName.set(name, (byName.get(name) ?? new Set()).add(variant))
    reasons.set(reason, byName)
  }
  return [...reasons].map(([reason, names]) => {
    const who = [...names].map(([name, variants]) => `${name} (${[...variants].join(', ')})`)
    return `  ${who.join('; ')}: ${reason}`
  })
}

function titlesOf(columns: readonly Column[]): string[] {
  return columns.map(({ title }) => title)
}

function gmacs(results: readonly Result[]): string {
  return `${((results[0]?.macs ?? 0) / 1e9).toFixed(3)} GMACs`
}

function ms(value: number | null): string {
  if (value === null) return ''
  return value < 100 ? value.toFixed(value < 10 ? 2 : 1) : value.toFixed(0)
}

function adapterText({ name, software }: GpuAdapter): string {
  return `Adapter ${name}${software ? ': a software adapter, which computes on the CPU' : ''}`
}

function countText(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1)
}

function ratioText(ratio: number | undefined): string {
  return ratio === undefined ? '' : ratio.toFixed(2)
}
