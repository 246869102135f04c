/** What each engine makes of our kernels, and how much it could: a table for a Markdown file. */
import type { Report } from '@mobileone/measure'
import { measuredHow } from './measured-on.ts'
import { markdownTable } from './written-tables.ts'

/** Ours in each runtime: time, and share of the multiplications and additions that this runtime can do on as many threads. */
export function enginesMarkdown(report: Report): string {
  const { versions, protocol, peaks, results } = report
  const ours = results.filter(({ contender }) => contender.startsWith('mobileone-'))
  const rows = ours.map((result) => {
    const { variant, runtime, threads, precision = 'float32', gflops, peakShare } = result
    const peak = peaks.find((each) => each.runtime === runtime && each.threads === threads)
    const ms = result[protocol.headline]
    return [
      `${runtime} ${versions[runtime] ?? ''}`.trim(),
      variant.toUpperCase(),
      precision,
      String(threads),
      ms === null ? '' : ms.toFixed(ms < 10 ? 2 : 1),
      gflops === null ? '' : gflops.toFixed(1),
      peak ? `${peak.gflops.toFixed(1)} (${peak.instruction})` : '',
      peakShare === null ? '' : (100 * peakShare).toFixed(0),
    ]
  })
  const header = [
    'engine',
    'network',
    'precision',
    'threads',
    'ms',
    'GFLOP/s',
    'float32 peak, GFLOP/s',
    '% of that peak',
  ]
  const missing = missingLines(report, (contender) => contender.startsWith('mobileone-'))
  return `${[
    measuredHow(report, runsText(report)),
    '',
    markdownTable(header, rows, [3, 4, 5, 6, 7]),
    ...(missing.length > 0 ? ['', ...missing] : []),
  ].join('\n')}\n`
}

/** `30 runs of each in turns, medians` */
export function runsText({ protocol: { headline, rounds, runsPerTurn } }: Report): string {
  const what = { medianMs: 'medians', meanMs: 'means', minMs: 'the least' }[headline]
  return `${rounds * runsPerTurn} runs of each in turns, ${what}`
}

/** A line of a list for each that `isMeant` and was not measured. */
export function missingLines(
  { skipped }: Report,
  isMeant: (contender: string) => boolean = () => true,
): string[] {
  return skipped
    .filter(({ contender }) => isMeant(contender))
    .map(
      ({ contender, variant, runtime, threads, reason }) =>
        `- Not measured: ${contender} on ${variant.toUpperCase()} in ${runtime}, ${threads} ${threads === 1 ? 'thread' : 'threads'}: ${reason}.`,
    )
}
