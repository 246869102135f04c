import { type Progress, profile } from '@mobileone/core'
import type { Protocol } from '../protocol.ts'
import type { StudyNetwork } from './study.ts'

/** Where a study is. */
export interface StudyProgress extends Progress {
  /** Of the whole study: from 0 to 1, by the work of each network. */
  readonly share: number
  /** Estimated from the time so far; undefined before there is any to go by. */
  readonly secondsLeft?: number
}

/** What a start takes besides the network's own work, and the naive reference's slowness, in multiply-accumulates of a quick backend. */
const startMacs = 4e9
const referenceMacs = 6e9

interface Plan {
  readonly protocol: Protocol
  /** Rounds of each sweep. */
  readonly shares: readonly number[]
}

/** Turns what `benchmark` tells about one network into progress of the whole study. */
export function studyProgress(
  networks: readonly StudyNetwork[],
  lanes: number,
  { protocol, shares }: Plan,
  onProgress: ((progress: StudyProgress) => void) | undefined,
  now: () => number = () => performance.now(),
): { begin(sweep: number, network: number): void; tell(progress: Progress): void } {
  if (!onProgress) return { begin: () => {}, tell: () => {} }
  const perRound = protocol.settle + protocol.runsPerTurn
  const macs = networks.map((network) => profile(network.graph()).macs)
  const plan = shares.map((rounds, sweep) =>
    macs.map(
      (own) => lanes * (startMacs + own * (2 + rounds * perRound)) + (sweep === 0 ? referenceMacs + own : 0),
    ),
  )
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
  const total = sum(plan.map(sum))
  let before = 0
  let work = 0
  let shown = 0
  let current: StudyNetwork | undefined
  const begun = now()
  return {
    begin(sweep, network) {
      before = sum(plan.slice(0, sweep).map(sum)) + sum((plan[sweep] ?? []).slice(0, network))
      work = plan[sweep]?.[network] ?? 0
      current = networks[network]
      shown = 0
    },
    tell(progress) {
      const isRounds = progress.phase.endsWith(': run')
      if (isRounds && progress.total) shown = 0.4 + (0.6 * progress.done) / progress.total
      const share = Math.min(1, (before + shown * work) / total)
      const phase =
        current && progress.phase.startsWith(`${current.id}:`)
          ? `${current.title}${progress.phase.slice(current.id.length)}`
          : progress.phase
      const elapsed = (now() - begun) / 1000
      onProgress({
        ...progress,
        phase,
        share,
        ...(share > 0.01 && { secondsLeft: (elapsed / share) * (1 - share) }),
      })
    },
  }
}
