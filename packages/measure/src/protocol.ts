import { mean, median, percentile, trimmed } from './statistics.ts'

/** When runs happen and which figure is the result. */
export interface Protocol {
  readonly name: 'default' | 'modelbench' | 'paper'
  /** One sentence for people. */
  readonly what: string
  /** The figure that ratios, GFLOP/s and shares of the peak are computed from. */
  readonly headline: 'medianMs' | 'meanMs' | 'minMs'
  /** Every contender has one turn a round, in an order that changes from round to round. */
  readonly rounds: number
  /** Timed runs of a turn. */
  readonly runsPerTurn: number
  /** Untimed runs before them, so that a turn does not begin with the caches of the contender before. */
  readonly settle: number
  /** Load the model anew in every turn. */
  readonly recreate: boolean
  /** Samples left out at each end of a turn when its mean is taken. */
  readonly trim: number
  /** Fresh starts per contender, of which load, compile and first run are medians. */
  readonly starts: number
}

/** Which protocol: that of this project, of Apple's ModelBench, or of the paper. */
export type ProtocolName = Protocol['name']

/** Every protocol there is, for flags and their help. */
export const protocolNames: readonly ProtocolName[] = ['default', 'modelbench', 'paper']

/** Numbers to change in a protocol: runs, rounds, samples trimmed at either end of a turn, fresh starts. */
export interface ProtocolOptions {
  /** Default: timed runs in all. modelbench: runs of a round. paper: runs in all. */
  readonly runs?: number | undefined
  readonly rounds?: number | undefined
  readonly trim?: number | undefined
  readonly starts?: number | undefined
}

/**
 * The presets. `modelbench` is that of Apple's ModelBench app, with which the paper's iPhone latencies were measured: 20
 * rounds of 50 runs, the model made anew in each, one warm-up, the 10 lowest and 10 highest left out, mean of means.
 * `paper` is the paper's for the CPU: the least of 1000 runs.
 */
export function protocol(name: ProtocolName, options: ProtocolOptions = {}): Protocol {
  const { runs, rounds, trim, starts = 1 } = options
  switch (name) {
    case 'default':
      return {
        name,
        what: 'contenders take turns run by run; median and 95th percentile',
        headline: 'medianMs',
        rounds: rounds ?? runs ?? 30,
        runsPerTurn: 1,
        settle: 1,
        recreate: false,
        trim: trim ?? 0,
        starts,
      }
    case 'modelbench': {
      const runsPerTurn = runs ?? 50
      return {
        name,
        what: "the model made anew every round, extremes trimmed, mean of the rounds' means, as Apple's ModelBench does",
        headline: 'meanMs',
        rounds: rounds ?? 20,
        runsPerTurn,
        settle: 1,
        recreate: true,
        trim: trim ?? Math.floor(runsPerTurn / 5),
        starts,
      }
    }
    case 'paper': {
      const total = runs ?? 1000
      const turns = rounds ?? Math.ceil(total / 10)
      return {
        name,
        what: 'the least of many runs, as in the paper',
        headline: 'minMs',
        rounds: turns,
        runsPerTurn: Math.ceil(total / turns),
        settle: 1,
        recreate: false,
        trim: trim ?? 0,
        starts,
      }
    }
    default:
      return name satisfies never
  }
}

/** Figures of all timed runs, in milliseconds; `p95Ms` is the 95th percentile. */
export interface Summary {
  readonly medianMs: number
  readonly p95Ms: number
  readonly minMs: number
  /** Mean of the turns' trimmed means. */
  readonly meanMs: number
  /** The lowest and the highest sample that was not trimmed. */
  readonly lowMs: number
  readonly highMs: number
}

/** The figures of `samples`, which are whole turns one after the other. */
export function summarize(
  samples: readonly number[],
  { runsPerTurn, trim }: Pick<Protocol, 'runsPerTurn' | 'trim'>,
): Summary {
  const turns: number[][] = []
  for (let start = 0; start < samples.length; start += runsPerTurn) {
    turns.push(trimmed(samples.slice(start, start + runsPerTurn), trim))
  }
  const kept = turns.flat()
  return {
    medianMs: median(samples),
    p95Ms: percentile(samples, 0.95),
    minMs: Math.min(...samples),
    meanMs: mean(turns.map(mean)),
    lowMs: Math.min(...kept),
    highMs: Math.max(...kept),
  }
}
