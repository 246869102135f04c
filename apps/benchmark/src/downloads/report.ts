/** What was counted, as text for a terminal and for Markdown files. */
import { table } from '@mobileone/measure'
import { versionsText } from '../measured-on.ts'
import { markdownTable } from '../written-tables.ts'
import type { DownloadPage } from './catalogue.ts'
import type { FileSize } from './file-sizes.ts'
import type { PackageFacts } from './package-facts.ts'

export interface DownloadReport {
  readonly date: string
  readonly versions: Readonly<Record<string, string>>
  readonly pages: readonly (Pick<DownloadPage, 'title' | 'does'> & {
    readonly page: string
    readonly files: readonly FileSize[]
  })[]
  readonly skipped: readonly { readonly page: string; readonly reason: string }[]
  readonly packages: readonly PackageFacts[]
}

const columns = [
  ['page', 'from what to what', 'files', 'JavaScript', '.wasm', 'gzip', 'brotli'],
  [2, 3, 4, 5, 6],
] as const

export function downloadsText(report: DownloadReport): string {
  const [header, right] = columns
  return [
    `${report.date.slice(0, 10)}, ${versionsText(report.versions)}`,
    '',
    table(header, rowsOf(report), right),
    ...skippedLines(report),
    '',
    table(...packageTable(report)),
    '',
  ].join('\n')
}

export function downloadsMarkdown(report: DownloadReport): string {
  const [header, right] = columns
  const skipped = skippedLines(report).map((line) => `- ${line}`)
  return [
    `Counted on ${report.date.slice(0, 10)} in chromium ${report.versions.chromium}, built by vite ${report.versions.vite}.`,
    '',
    markdownTable(header, rowsOf(report), right, isOurs),
    ...(skipped.length > 0 ? ['', ...skipped] : []),
    '',
  ].join('\n')
}

/** Versions, licences and dependencies of those whose pages were counted. */
export function packagesMarkdown(report: DownloadReport): string {
  return [
    `As installed on ${report.date.slice(0, 10)}.`,
    '',
    markdownTable(...packageTable(report), isOurs),
    '',
  ].join('\n')
}

function isOurs([name = '']: readonly string[]): boolean {
  return /^(MobileOne|@mobileone)/.test(name)
}

function rowsOf({ pages }: DownloadReport): string[][] {
  return pages.map(({ title, does, files }) => {
    const wasm = files.filter(({ name }) => name.endsWith('.wasm'))
    const scripts = files.filter((file) => !wasm.includes(file))
    return [
      title,
      does,
      String(files.length),
      kilobytes(total(scripts, 'bytes')),
      wasm.length === 0 ? '' : kilobytes(total(wasm, 'bytes')),
      kilobytes(total(files, 'gzipBytes')),
      kilobytes(total(files, 'brotliBytes')),
    ]
  })
}

function total(files: readonly FileSize[], what: 'bytes' | 'gzipBytes' | 'brotliBytes'): number {
  return files.reduce((sum, file) => sum + file[what], 0)
}

/** One unit for all, so that a column can be compared at a glance. */
function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1).replace(/\B(?=(\d{3})+\.)/g, ',')} kB`
}

function skippedLines({ skipped }: DownloadReport): string[] {
  return skipped.map(({ page, reason }) => `Not counted: ${page}: ${reason}`)
}

function packageTable({ packages }: DownloadReport): [string[], string[][], number[]] {
  const own = (name: string): boolean => name.startsWith('@mobileone/')
  return [
    ['package', 'version', 'licence', 'packages installed with it', 'of them not of this project'],
    packages.map(({ name, version, licence, dependencies }) => [
      name,
      version,
      licence,
      String(dependencies.length),
      String(dependencies.filter((each) => !own(name) || !own(each)).length),
    ]),
    [3, 4],
  ]
}
