import { nameOf } from './benchmark.ts'
import { groupsOf } from './groups.ts'
import type { Report, Result } from './result.ts'
import { headlineRatio, type SpeedRatio } from './speed-ratio.ts'
import { median, percentile } from './statistics.ts'

/** Who won among contenders that ran the same network in the same runtime with as many threads, and by how much. */
export interface Verdict {
  readonly variant: string
  readonly runtime: string
  readonly threads: number
  readonly winner: string
  /** Time of the next over that of the winner; undefined where there is no other, or no samples. */
  readonly lead: (SpeedRatio & { readonly over: string }) | undefined
  /** One sentence for people. */
  readonly text: string
}

/** A verdict for each network, runtime and number of threads that has steady figures, in the report's order. */
export function verdictsOf(report: Report): Verdict[] {
  const { headline } = report.protocol
  return groupsOf(report).flatMap(({ variant, runtime, results }) =>
    [...new Set(results.map(({ threads }) => threads))].flatMap((threads) => {
      const speed = (result: Result): number => result[headline] as number
      const ranked = results
        .filter((result) => result.threads === threads && result[headline] !== null)
        .sort((a, b) => speed(a) - speed(b))
      const [first, second] = ranked
      if (!first) return []
      const ratio = second && headlineRatio(second, first, headline)
      const lead = ratio && { ...ratio, over: second.contender }
      const where = `${variant.toUpperCase()} in ${runtime}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`
      const text = `${where}: ${sentence(first, speed(first), lead)}`
      return { variant, runtime, threads, winner: first.contender, lead, text }
    }),
  )
}

function sentence(first: Result, ms: number, lead: Verdict['lead']): string {
  const time = `${ms.toFixed(ms < 10 ? 2 : 1)} ms`
  if (!lead) return `${first.contender} takes ${time}, with nobody to compare with.`
  const { ratio, low, high, over } = lead
  const sure = low < high ? `95 % interval ${low.toFixed(2)} to ${high.toFixed(2)}` : undefined
  if (low <= 1) {
    const known = [`ratio ${ratio.toFixed(2)}`, sure].filter(Boolean).join(', ')
    return `${first.contender} and ${over} are alike at ${time} (${known}).`
  }
  return `${first.contender} wins with ${time}: ${over} takes ${ratio.toFixed(2)} times as long${sure ? ` (${sure})` : ''}.`
}

/** Peak samples may differ by so much on a machine with nothing else to do. */
const quietSpread = 1.15

/**
 * Why times of this report are to be taken with care: the machine had other work, by its load where the system tells, or because the
 * same loop of multiply-adds did not take the same time throughout. Undefined where nothing speaks against them.
 */
export function busyReason({ machine, peaks }: Pick<Report, 'machine' | 'peaks'>): string | undefined {
  const load = machine.load?.before[0] ?? 0
  if (load > machine.cores / 2) {
    return `the load was ${load.toFixed(1)} on ${machine.cores} cores before anything was measured`
  }
  for (const { runtime, threads, samples } of peaks) {
    if (samples.length < 4) continue
    const spread = percentile(samples, 0.9) / percentile(samples, 0.1)
    if (spread > quietSpread) {
      const lost = Math.round(100 * (1 - percentile(samples, 0.1) / percentile(samples, 0.9)))
      return `${nameOf({ contender: 'the processor', runtime, threads })} was up to ${lost} % slower at times (median ${median(samples).toFixed(1)} GFLOP/s)`
    }
  }
  return undefined
}
