/** What each engine makes of our kernels, and how much it could: a table for a Markdown file. */
import { busyReason, type Report } from '@mobileone/measure'
import { type Places, readWithPlaces, writePlaces } from '@mobileone/testkit'
import { measuredOn } from './measured-on.ts'

const place: Places = { kind: 'engines', what: 'the engines' }

/**
 * Fill the place of a Markdown file between `<!-- engines -->` and `<!-- /engines -->` with the table of `report`.
 * @throws MobileOneError `invalid-file` for a file that cannot be read or has no such place.
 */
export function writeEngines(path: string, report: Report): void {
  writePlaces(path, place, () => enginesMarkdown(report))
}

/**
 * The text of a Markdown file that has a place for the engines.
 * @throws MobileOneError `invalid-file` for a file that cannot be read or has no such place.
 */
export function readWithPlace(path: string): string {
  return readWithPlaces(path, place)
}

/** Ours in each runtime: time, and share of the multiplications and additions that this runtime can do on as many threads. */
export function enginesMarkdown(report: Report): string {
  const { versions, protocol, peaks, results, skipped } = report
  const ours = results.filter(({ contender }) => contender.startsWith('mobileone-'))
  const busy = busyReason(report)
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rows = ours.map((result) => {
    const { variant, runtime, threads, precision = 'float32', gflops, peakShare } = result
    const peak = peaks.find((each) => each.runtime === runtime && each.threads === threads)
    const ms = result[protocol.headline]
    return row([
      `${runtime} ${versions[runtime] ?? ''}`.trim(),
      variant.toUpperCase(),
      precision,
      String(threads),
      ms === null ? '' : ms.toFixed(ms < 10 ? 2 : 1),
      gflops === null ? '' : gflops.toFixed(1),
      peak ? `${peak.gflops.toFixed(1)} (${peak.instruction})` : '',
      peakShare === null ? '' : (100 * peakShare).toFixed(0),
    ])
  })
  const missing = skipped
    .filter(({ contender }) => contender.startsWith('mobileone-'))
    .map(
      ({ contender, variant, runtime, threads, reason }) =>
        `- Not measured: ${contender} on ${variant.toUpperCase()} in ${runtime}, ${threads} ${threads === 1 ? 'thread' : 'threads'}: ${reason}.`,
    )
  const what = { medianMs: 'medians', meanMs: 'means', minMs: 'the least' }[protocol.headline]
  const runs = protocol.rounds * protocol.runsPerTurn
  return `${[
    `${measuredOn(report)}; ${runs} runs of each in turns, ${what}.` +
      (busy === undefined ? '' : ` **The machine had other work (${busy}): read ratios, not times.**`),
    '',
    row([
      'engine',
      'network',
      'precision',
      'threads',
      'ms',
      'GFLOP/s',
      'float32 peak, GFLOP/s',
      '% of that peak',
    ]),
    row(['---', '---', '---', '---:', '---:', '---:', '---:', '---:']),
    ...rows,
    ...(missing.length > 0 ? ['', ...missing] : []),
  ].join('\n')}\n`
}
