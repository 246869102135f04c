import type { Report } from '../result.ts'
import { table } from '../text-table.ts'
import type { Study, StudyReading, StudyTable } from './study.ts'

/** What a study says to a report, as Markdown: findings, tables, gaps. Headings begin at `level`. */
export function studyMarkdown(study: Study, report: Report, level = 3): string {
  const { tables, findings, gaps } = study.read(report)
  const heading = '#'.repeat(level)
  return parts([
    list(findings),
    ...tables.map((one) => `${heading} ${one.title}\n\n${tableMarkdown(one)}`),
    list(gaps),
  ])
}

/** What a study says to a report, for a terminal. */
export function studyText(study: Study, report: Report): string {
  const reading: StudyReading = study.read(report)
  return parts([
    `${study.title}: ${study.question}`,
    `${study.paper}\n${study.method}`,
    ...reading.tables.map(
      (one) =>
        `${one.title}\n${table(
          one.columns.map(({ title }) => title),
          one.rows.map(({ cells }) => cells),
          rightOf(one),
        )}`,
    ),
    reading.findings.join('\n'),
    reading.gaps.join('\n'),
  ])
}

/** A table of a study as Markdown. */
export function tableMarkdown(given: StudyTable): string {
  const row = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`
  const right = rightOf(given)
  return [
    row(given.columns.map(({ title }) => title)),
    row(given.columns.map((_, index) => (right.includes(index) ? '---:' : '---'))),
    ...given.rows.map(({ cells, highlight }) =>
      row(cells.map((cell, index) => (highlight && index === 0 ? `**${cell}**` : cell))),
    ),
  ].join('\n')
}

function rightOf({ columns }: StudyTable): number[] {
  return columns.flatMap(({ kind }, index) => (kind === 'name' ? [] : [index]))
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|')
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n')
}

function parts(texts: readonly string[]): string {
  return `${texts.filter((text) => text !== '').join('\n\n')}\n`
}
