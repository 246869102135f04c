/** How fast and how right everyone is, in the columns that one chooses by: tables for a Markdown file. */
import { columnsOf, groupsOf, type Report } from '@mobileone/measure'
import { missingLines, runsText } from './engine-table.ts'
import { foreignInt8Lineup, gpuLineup, int8Lineup, lineup } from './lineup.ts'
import { measuredHow, versionsText } from './measured-on.ts'
import { markdownTable } from './written-tables.ts'

const shown = /^(contender|threads|precision|median|mean|least|× ours|start|memory|error|top-1)$/
const entries = [...lineup, ...int8Lineup, ...gpuLineup, ...foreignInt8Lineup({ onnx: '', tflite: '' })]

/** A table for each network and runtime, the fastest first; on a GPU with the name of the adapter. */
export function speedMarkdown(report: Report): string {
  const columns = columnsOf(report).filter(({ title }) => shown.test(title))
  const right = columns.flatMap(({ left }, index) => (left ? [] : [index]))
  const adapters = new Set(report.results.flatMap(({ gpu }) => (gpu ? [gpu.adapter] : [])))
  const parts = [
    measuredHow(report, runsText(report)),
    ...[...new Map([...adapters].map((adapter) => [adapter.name, adapter])).values()].map(
      ({ name, software }) =>
        `Adapter: ${name}${software ? ', a **software adapter**, which computes on the CPU and says little about GPUs' : ''}.`,
    ),
    `${versionsText(report.versions)}.`,
  ]
  const tables = groupsOf(report).map(({ variant, runtime, results }) => {
    const rows = results.map((result) => columns.map((column) => column.cell(result, report)))
    const named = rows.map(([name, ...cells]) => [titleOf(name ?? ''), ...cells])
    const table = markdownTable(
      columns.map(({ title }) => title),
      named,
      right,
      ([title = '']) => title.startsWith('MobileOne'),
    )
    return `${variant.toUpperCase()} in ${runtime}, milliseconds:\n\n${table}`
  })
  const missing = missingLines(report)
  return `${[parts.join(' '), ...tables, ...(missing.length > 0 ? [missing.join('\n')] : [])].join('\n\n')}\n`
}

function titleOf(contender: string): string {
  return entries.find(({ name }) => name === contender)?.title ?? contender
}
