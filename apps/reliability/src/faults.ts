/** `npm run faults`: what happens to downloads, files, threads and devices when what is below them fails. */
import { isMobileOneError, printableLines } from '@mobileone/core'
import { progressLine } from '@mobileone/testkit'
import { type Circumstances, circumstancesText, watchCircumstances } from './circumstances.ts'
import { keepReport, readReports, writeReport } from './document.ts'
import { type Area, areas, type FaultResult, tryFault } from './faults/fault.ts'
import { faults } from './faults/list.ts'
import { namesOf, numberOf, readOptions } from './options.ts'
import { chromiumVersion } from './soak/lane.ts'

const help = `npm run faults -- [options]

Injects real faults and looks that the promises hold: a download that stalls, is cut off, altered or redirected; a full or read-only disk;
programs killed while they write; threads, workers and GPU devices that end; memory that is refused. Servers are of this machine,
files are in a temporary folder, Chromium is headless on its software adapter.

      --areas <names>     Of ${areas.join(', ')} (default all)
      --only <names>      Only these faults; --list names all
      --list              Name the faults, with what is injected, and try none
  -q, --quick             A selection, with fewer moments
      --moments <n>       Moments at which each program is killed (default 12; 3 with --quick)

      --json              Print the JSON document instead of lines
  -o, --output <file>     Keep the JSON document there
      --from <files>      Try nothing; print the documents of earlier runs, with commas between them, together
      --write <file>      Fill the places of the Markdown file that are between <!-- faults NAME --> and <!-- /faults -->

What this machine does not allow is skipped, with the reason. The exit status is 1 where a promise was broken.

Examples
  npm run faults -- --quick
  npm run faults -- --areas killed --moments 50
  npm run faults -- --only gpu-process-killed
  npm run faults -- --write docs/reliability.md
`

/** The document of `npm run faults -- --json`. */
interface FaultReport extends Circumstances {
  readonly kind: 'mobileone-faults'
  readonly moments: number
  readonly results: readonly FaultResult[]
}

const marks = { held: 'ok  ', failed: 'FAIL', skipped: 'SKIP' } as const

async function main(): Promise<void> {
  const values = readOptions(process.argv.slice(2), {
    areas: { type: 'string' },
    only: { type: 'string' },
    list: { type: 'boolean' },
    quick: { type: 'boolean', short: 'q' },
    moments: { type: 'string' },
    json: { type: 'boolean' },
    output: { type: 'string', short: 'o' },
    from: { type: 'string' },
    write: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  })
  if (values.help) return void process.stdout.write(help)
  const wanted = namesOf('areas', values.areas, areas)
  const names = namesOf(
    'only',
    values.only,
    faults.map(({ name }) => name),
  )
  const isWhole = !values.quick || values.only !== undefined
  const chosen = faults.filter(
    ({ area, name, isQuick }) => wanted.includes(area) && names.includes(name) && (isWhole || isQuick),
  )
  if (values.list) {
    for (const { area, name, injected } of chosen)
      process.stdout.write(`${area.padEnd(8)} ${name.padEnd(26)} ${injected}\n`)
    return
  }
  const moments = numberOf('moments', values.moments, values.quick ? 3 : 12, { least: 1 })
  const isJson = values.json ?? false
  const report =
    values.from === undefined
      ? await run(chosen, moments, (result) => !isJson && process.stdout.write(lineOf(result)))
      : together(readReports<FaultReport>(values.from, 'mobileone-faults'))
  if (values.output !== undefined) keepReport(values.output, report)
  if (isJson) process.stdout.write(`${JSON.stringify(report, undefined, 1)}\n`)
  else if (values.from !== undefined)
    for (const result of report.results) process.stdout.write(lineOf(result))
  if (values.write !== undefined) {
    writeReport(values.write, 'faults', (name) => placeOf(report, name))
    process.stderr.write(`${values.write} is written\n`)
  }
  const failed = report.results.filter(({ outcome }) => outcome === 'failed').length
  process.stderr.write(`${report.results.length} faults: ${failed} promises broken\n`)
  if (failed > 0) process.exitCode = 1
}

async function run(
  chosen: typeof faults,
  moments: number,
  onResult: (result: FaultResult) => void,
): Promise<FaultReport> {
  const circumstances = watchCircumstances([])
  const results: FaultResult[] = []
  const progress = progressLine()
  const started = performance.now()
  for (const [done, fault] of chosen.entries()) {
    const each = (performance.now() - started) / 1000 / Math.max(1, done)
    progress.onProgress({
      phase: `${fault.area}: ${fault.name}`,
      done,
      total: chosen.length,
      ...(done > 2 && { secondsLeft: each * (chosen.length - done) }),
    })
    const result = await tryFault(fault, moments)
    progress.end()
    results.push(result)
    onResult(result)
  }
  const chromium = await chromiumVersion().catch(() => undefined)
  return {
    kind: 'mobileone-faults',
    ...circumstances(chromium === undefined ? {} : { chromium }),
    moments,
    results,
  }
}

/** Reports of several runs as one; of a fault that was tried twice the later result counts. */
function together([first, ...others]: readonly FaultReport[]): FaultReport {
  if (!first) throw new Error('no report')
  const results = new Map(
    [first, ...others].flatMap(({ results }) => results.map((each) => [each.name, each])),
  )
  return { ...first, results: faults.flatMap(({ name }) => results.get(name) ?? []) }
}

function lineOf({ area, name, outcome, seen, seconds }: FaultResult): string {
  return printableLines(
    `${marks[outcome]} ${area.padEnd(8)} ${name.padEnd(26)} ${seconds.toFixed(1).padStart(6)} s  ${seen}\n`,
  )
}

/** The results of an area, or `run`: how they were found. */
function placeOf(report: FaultReport, name: string): string | undefined {
  if (name === 'run') {
    const count = (outcome: FaultResult['outcome']): number =>
      report.results.filter((result) => result.outcome === outcome).length
    return `${circumstancesText(report)} ${report.results.length} faults: ${count('held')} promises held, ${count('failed')} were broken, ${count('skipped')} could not be tried.\n`
  }
  if (!(areas as readonly string[]).includes(name)) return undefined
  const cell = (text: string): string =>
    printableLines(text).replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;')
  const rows = report.results
    .filter(({ area }) => area === (name as Area))
    .map(
      ({ injected, holds, outcome, seen }) =>
        `| ${cell(injected)} | ${cell(holds)} | ${outcome === 'held' ? '' : `**${outcome}**: `}${cell(seen)} |`,
    )
  return ['| what is done | what must hold | what was seen |', '| --- | --- | --- |', ...rows, ''].join('\n')
}

try {
  await main()
} catch (error) {
  const message = isMobileOneError(error) ? error.message : String((error as Error).stack)
  process.stderr.write(`faults: ${printableLines(message)}\n`)
  process.exitCode = 1
}
