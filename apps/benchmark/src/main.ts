import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isMobileOneError, MobileOneError, printable, printableLines, variants } from '@mobileone/core'
import {
  compareReports,
  comparisonText,
  nameOf,
  parseReport,
  type Report,
  randomDeployModel,
  reportJson,
  reportMarkdown,
  reportSvg,
  reportText,
  type Skipped,
} from '@mobileone/measure'
import { studies, studyMarkdown, studySvg, studyText } from '@mobileone/measure/studies'
import { progressLine } from '@mobileone/testkit'
import { enginesMarkdown } from './engine-table.ts'
import { help, type Options, parseOptions } from './options.ts'
import { writeFolder } from './portable-gpu-benchmark/write-folder.ts'
import { fileSource, knownPhotographs, variantSources } from './prepare-networks.ts'
import { run } from './run.ts'
import { runStudy } from './run-study.ts'
import { startServer } from './server.ts'
import { speedMarkdown } from './speed-table.ts'
import { studyNetworks, writeStudies } from './study-documents.ts'
import { writeSite } from './write-site.ts'
import { type Tables, tablesIn } from './written-tables.ts'

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2))
  if (!options) process.stdout.write(help)
  else if (options.serve) await servePage(options.serve)
  else if (options.site !== undefined) {
    await writeSite(options.site)
    process.stdout.write(`The site is in ${printable(options.site)}\n`)
  } else if (options.studies.length > 0) await study(options)
  else if (options.from !== undefined && options.compare !== undefined) {
    const comparison = compareReports(readReport(options.from), readReport(options.compare))
    const isJson = options.format === 'json'
    const text = isJson ? `${JSON.stringify(comparison, undefined, 1)}\n` : comparisonText(comparison)
    process.stdout.write(printableLines(text))
  } else if (options.from !== undefined) {
    const report = readReport(options.from)
    const isGpu = report.results.some(({ gpu }) => gpu)
    const fill = tablesIn(options.write, isGpu ? ['gpu'] : ['engines', 'speed'])
    process.stdout.write(printableLines(render(report, options.format)))
    fill(tablesOf(report))
  } else if (options.gpuFolder) await carry(options, options.gpuFolder)
  else await measure(options)
}

async function carry(
  { variants: [variant] }: Options,
  { path, platform }: NonNullable<Options['gpuFolder']>,
): Promise<void> {
  if (variant === undefined) return
  const progress = progressLine()
  const { onProgress } = progress
  try {
    await writeFolder(path, { variant, model: randomDeployModel(variants[variant]), platform, onProgress })
  } finally {
    progress.end()
  }
  process.stdout.write(`Copy ${path} to a machine with a GPU (${platform}) and run there: node bench.mjs\n`)
}

async function measure(options: Options): Promise<void> {
  // Before the work, which takes minutes.
  const fill = tablesIn(options.write, options.adapter ? ['gpu'] : ['engines', 'speed'])
  const { weights, photos, quick } = options
  const int8 = options.precision.includes('int8')
  const models =
    weights === undefined
      ? variantSources(options.variants, { int8, quick })
      : [fileSource(weights, { photographs: photos ?? (int8 ? knownPhotographs() : undefined), quick })]
  const report = await watched((watch) => run({ ...options, models, ...watch }))
  const path = keep(report, options)
  process.stdout.write(printableLines(render(report, options.format)))
  process.stderr.write(`\nAll samples are in ${path}\n`)
  fill(tablesOf(report))
}

function tablesOf(report: Report): Tables {
  return report.results.some(({ gpu }) => gpu)
    ? { gpu: speedMarkdown(report) }
    : { engines: enginesMarkdown(report), speed: speedMarkdown(report) }
}

/** What is measured is kept when it is interrupted: the exit code tells. */
async function study(options: Options): Promise<void> {
  const { studies: names, from, write, format } = options
  const print = (report: Report): void => {
    process.stdout.write(printableLines(names.map((name) => renderStudy(name, report, format)).join('\n')))
    if (write !== undefined) {
      writeStudies(write, report)
      process.stderr.write(`\n${write} is written\n`)
    }
  }
  if (from !== undefined) return print(readReport(from))
  const report = await watched((watch) =>
    runStudy({ ...options, networks: studyNetworks(options), ...watch }),
  )
  const path = keep(report, options)
  print(report)
  const { stopped } = report
  process.stderr.write(`\nAll samples are in ${path}${stopped ? `; it was stopped: ${stopped}` : ''}\n`)
  if (stopped) process.exitCode = 130
}

function renderStudy(name: Options['studies'][number], report: Report, format: Options['format']): string {
  switch (format) {
    case 'json':
      return reportJson(report)
    case 'markdown':
      return studyMarkdown(studies[name], report)
    case 'svg':
      return studySvg(studies[name], report)
    case 'text':
      return studyText(studies[name], report)
    default:
      return format satisfies never
  }
}

interface Watch {
  readonly onProgress: ReturnType<typeof progressLine>['onProgress']
  readonly onSkipped: (skipped: Skipped) => void
  readonly signal: AbortSignal
}

/** `work` with progress on standard error, and stopped by Ctrl+C. */
async function watched<T>(work: (watch: Watch) => Promise<T>): Promise<T> {
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interrupt.abort(new Error(signal)))
  }
  const progress = progressLine()
  try {
    return await work({
      onProgress: progress.onProgress,
      onSkipped: (skipped) => {
        progress.end()
        process.stderr.write(`        ${printable(`${nameOf(skipped)} is left out: ${skipped.reason}`)}\n`)
      },
      signal: interrupt.signal,
    })
  } finally {
    progress.end()
  }
}

/** The path of the JSON document that `report` is now in. */
function keep(report: Report, { output }: Options): string {
  const path = output ?? join('benchmark-results', `${report.date.slice(0, 19).replaceAll(':', '-')}.json`)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, reportJson(report))
  return path
}

function readReport(path: string): Report {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new MobileOneError('invalid-file', `cannot read ${path}: ${(cause as Error).message}`, { cause })
  }
  try {
    return parseReport(text)
  } catch (cause) {
    throw new MobileOneError('invalid-file', `${path}: ${(cause as Error).message}`, { cause })
  }
}

function render(report: Report, format: Options['format']): string {
  switch (format) {
    case 'json':
      return reportJson(report)
    case 'markdown':
      return reportMarkdown(report)
    case 'svg':
      return reportSvg(report)
    case 'text':
      return reportText(report)
    default:
      return format satisfies never
  }
}

async function servePage(address: { readonly port: number; readonly host: string }): Promise<void> {
  const server = await startServer(address)
  process.stdout.write(`${server.url}\n`)
  process.stderr.write('Open it in a browser; Ctrl+C ends the server.\n')
  await new Promise((resolve) => process.once('SIGINT', resolve))
  await server.close()
}

try {
  await main()
} catch (error) {
  const message = isMobileOneError(error) ? error.message : String((error as Error).stack)
  process.stderr.write(`bench: ${printableLines(message)}\n`)
  process.exitCode = isMobileOneError(error) && error.code === 'aborted' ? 130 : 1
}
