/** `npm run soak`: whether memory grows, or an answer changes, over very many runs, compilations and aborts of every backend. */
import { isMobileOneError, printableLines } from '@mobileone/core'
import { progressLine } from '@mobileone/testkit'
import { watchCircumstances } from './circumstances.ts'
import { keepReport, readReports, writeReport } from './document.ts'
import { namesOf, numberOf, readOptions } from './options.ts'
import { chromiumVersion } from './soak/lane.ts'
import {
  backendsMarkdown,
  phaseMarkdown,
  problemsOf,
  type SoakReport,
  soakRunMarkdown,
  soakText,
} from './soak/report.ts'
import { type Counts, runSoak, type Skipped, type SoakPart } from './soak/run-soak.ts'
import { backends, runtimes, subjectsOf } from './soak/subjects.ts'
import { type Phase, phases } from './soak/work.ts'

const help = `npm run soak -- [options]

Runs every backend over and over on a small MobileOne (four pairs of 8 to 64 channels, squeeze-and-excite, 32 x 32 pixels) in a process or a
page of its own, looks at its memory up to 120 times in each phase, and fails where memory grows, an output differs from the first one
by a bit, or an abort neither ends its call nor leaves the result right.

What
      --inferences <n>    Runs of one executor (default 100000)
      --cycles <n>        Times that the file is read, folded, compiled, run and disposed of (default 1000)
      --aborts <n>        Aborts: before a run, while it waits, while it runs, and of a compilation, in turn (default 10000)
  -b, --backends <names>  Of ${Object.keys(backends).join(', ')} (default all)
  -r, --runtimes <names>  Of ${runtimes.join(', ')} (default both)
  -q, --quick             1,000 inferences, 30 cycles and 300 aborts, of wasm in node and webgpu in chromium, unless named
      --minutes <n>       A phase of a backend ends after so many minutes with what it has (default 60)

What comes of it
      --json              Print the JSON document, all samples included, instead of tables
  -o, --output <file>     Keep the JSON document there, after each phase what there is
      --from <files>      Run nothing; print the documents of earlier runs, with commas between them, together
      --write <file>      Fill the places of the Markdown file that are between <!-- soak NAME --> and <!-- /soak -->

Grown is what rises, over the last two thirds of a phase, by more than 2 % and 1 MB of JavaScript heap or of external memory, or 5 % and
24 MB (Chromium, all its processes: 40 MB) of memory of the process; or by one worker. The rise is that of the line with the
median slope of all pairs of samples (Theil and Sen). The exit status is 1 where anything grew or was wrong.

Examples
  npm run soak -- --quick
  npm run soak -- --backends wasm,ort-node --runtimes node --inferences 1000000 --cycles 0 --aborts 0
  npm run soak -- --output soak.json --write docs/reliability.md
`

interface Options {
  readonly counts: Counts
  readonly subjects: ReturnType<typeof subjectsOf>
  readonly minutes: number
  readonly json: boolean
  readonly output: string | undefined
  readonly from: string | undefined
  readonly write: string | undefined
}

function parseOptions(args: readonly string[]): Options | undefined {
  const values = readOptions(args, {
    inferences: { type: 'string' },
    cycles: { type: 'string' },
    aborts: { type: 'string' },
    backends: { type: 'string', short: 'b' },
    runtimes: { type: 'string', short: 'r' },
    quick: { type: 'boolean', short: 'q' },
    minutes: { type: 'string' },
    json: { type: 'boolean' },
    output: { type: 'string', short: 'o' },
    from: { type: 'string' },
    write: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  })
  if (values.help) return undefined
  const usual: Counts = values.quick
    ? { inferences: 1000, cycles: 30, aborts: 300 }
    : { inferences: 100_000, cycles: 1000, aborts: 10_000 }
  const places = namesOf('runtimes', values.runtimes, runtimes)
  const names = namesOf('backends', values.backends, Object.keys(backends))
  const isShort = values.quick && values.backends === undefined && values.runtimes === undefined
  return {
    counts: {
      inferences: numberOf('inferences', values.inferences, usual.inferences),
      cycles: numberOf('cycles', values.cycles, usual.cycles),
      aborts: numberOf('aborts', values.aborts, usual.aborts),
    },
    subjects: isShort
      ? [
          { backend: 'wasm', runtime: 'node' },
          { backend: 'webgpu', runtime: 'chromium' },
        ]
      : subjectsOf(names, places),
    minutes: numberOf('minutes', values.minutes, 60, { whole: false }),
    json: values.json ?? false,
    output: values.output,
    from: values.from,
    write: values.write,
  }
}

async function soak({ counts, subjects, minutes, output }: Options): Promise<SoakReport> {
  const interrupt = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => interrupt.abort(new Error(name)))
  const circumstances = watchCircumstances(['onnxruntime-node', 'onnxruntime-web', '@tensorflow/tfjs-core'])
  const chromium = subjects.some(({ runtime }) => runtime === 'chromium')
    ? await chromiumVersion().catch(() => undefined)
    : undefined
  const parts: SoakPart[] = []
  const report = (skipped: readonly Skipped[]): SoakReport => ({
    kind: 'mobileone-soak',
    ...circumstances(chromium === undefined ? {} : { chromium }),
    counts,
    parts,
    skipped,
  })
  const progress = progressLine()
  try {
    const { skipped } = await runSoak({
      subjects,
      counts,
      secondsPerPhase: 60 * minutes,
      signal: interrupt.signal,
      onProgress: progress.onProgress,
      onPart(part) {
        parts.push(part)
        if (output !== undefined) keepReport(output, report([]))
      },
    })
    if (output !== undefined) keepReport(output, report(skipped))
    return report(skipped)
  } finally {
    progress.end()
    if (interrupt.signal.aborted) process.exitCode = 130
  }
}

/** Reports of several runs as one: the circumstances are those of the first. */
function together([first, ...others]: readonly SoakReport[]): SoakReport {
  if (!first) throw new Error('no report')
  return {
    ...first,
    versions: Object.assign({}, first.versions, ...others.map(({ versions }) => versions)),
    parts: [first, ...others].flatMap(({ parts }) => parts),
    skipped: [first, ...others].flatMap(({ skipped }) => skipped),
  }
}

function placeOf(report: SoakReport, name: string): string | undefined {
  if (name === 'run') return soakRunMarkdown(report)
  if (name === 'backends') return backendsMarkdown()
  return (phases as readonly string[]).includes(name) ? phaseMarkdown(report, name as Phase) : undefined
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2))
  if (!options) return void process.stdout.write(help)
  const report =
    options.from === undefined
      ? await soak(options)
      : together(readReports<SoakReport>(options.from, 'mobileone-soak'))
  process.stdout.write(
    options.json ? `${JSON.stringify(report, undefined, 1)}\n` : printableLines(soakText(report)),
  )
  if (options.write !== undefined) {
    writeReport(options.write, 'soak', (name) => placeOf(report, name))
    process.stderr.write(`${options.write} is written\n`)
  }
  const problems = problemsOf(report)
  for (const problem of problems) process.stderr.write(`${printableLines(problem)}\n`)
  if (problems.length > 0) process.exitCode ||= 1
  else if (!process.exitCode)
    process.stderr.write('nothing has grown, and every output was as the first one\n')
}

try {
  await main()
} catch (error) {
  const message = isMobileOneError(error) ? error.message : String((error as Error).stack)
  process.stderr.write(`soak: ${printableLines(message)}\n`)
  process.exitCode = 1
}
