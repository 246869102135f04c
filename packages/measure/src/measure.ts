/** A network and a backend of one's own, measured as the benchmark measures its own: one call from models to a report. */
import { type BackendSource, MobileOneError, type Model } from '@mobileone/core'
import { type BenchmarkOptions, benchmark, type Lane, type PeakLane } from './benchmark.ts'
import { backendContender } from './contenders/backend-contender.ts'
import { describeEnvironment, loadNow } from './environment.ts'
import { type LocalLaneOptions, localLane } from './local-lane.ts'
import { createPeakMeter } from './peak.ts'
import { type Protocol, protocol } from './protocol.ts'
import type { Report } from './result.ts'
import { prepareSubject, type Subject } from './subject.ts'

/** What `measure` runs where, and how often. */
export interface MeasureOptions
  extends Pick<BenchmarkOptions, 'lanes' | 'onProgress' | 'onResult' | 'onSkipped' | 'signal' | 'pause'> {
  /** By the names that reports give them. Each has one input and one output; a function makes one when its turn comes. */
  readonly networks: Readonly<Record<string, Model | (() => Model | Promise<Model>)>>
  /** Default: `protocol('default')`, 30 runs of each, in turns. */
  readonly protocol?: Protocol
  /** Names and versions that the report states besides those of the browser or of Node. */
  readonly versions?: Readonly<Record<string, string>>
  /**
   * Measure between the turns how much one thread of this runtime can compute, of which results on one thread tell their share and by
   * which a busy machine shows. Default true.
   */
  readonly peak?: boolean
}

/**
 * Measure every network in every lane, each output compared with that of the naive reference first, which takes seconds for a large
 * network. The report is one like any other: `reportText`, `reportJson` and the benchmark's page take it. What a lane cannot run, or
 * gets wrong, is in its `skipped`.
 * @throws MobileOneError `aborted`; `invalid-argument` without networks or lanes; `unsupported` for a network with several inputs or
 * outputs.
 */
export async function measure(options: MeasureOptions): Promise<Report> {
  const { networks, lanes, protocol: rounds = protocol('default'), versions, peak = true } = options
  if (Object.keys(networks).length === 0 || lanes.length === 0) {
    throw new MobileOneError(
      'invalid-argument',
      'measure: there is nothing to measure; give networks, such as { mine: model }, and lanes, such as [backendLane("mine", backend)]',
    )
  }
  const date = new Date().toISOString()
  const before = loadNow()
  const meter = peak ? await createPeakMeter().catch(() => undefined) : undefined
  const [{ runtime }] = lanes as [Lane]
  const peaks: PeakLane[] = meter
    ? [{ runtime, threads: 1, instruction: meter.instruction, measure: () => meter.measure(1) }]
    : []
  try {
    const { onProgress, onResult, onSkipped, signal, pause } = options
    const measured = await benchmark({
      subjects: subjectsOf(options),
      lanes,
      peaks,
      protocol: rounds,
      onProgress,
      onResult,
      onSkipped,
      signal,
      pause,
    })
    const environment = describeEnvironment(before)
    return {
      date,
      machine: environment.machine,
      versions: { ...environment.versions, ...versions },
      protocol: rounds,
      peakGflops: measured.peaks[0]?.gflops ?? 0,
      ...measured,
    }
  } finally {
    meter?.dispose()
  }
}

async function* subjectsOf({ networks, onProgress, signal }: MeasureOptions): AsyncGenerator<Subject> {
  for (const [name, source] of Object.entries(networks)) {
    onProgress?.({ phase: `${name}: reference`, done: 0 })
    yield await prepareSubject(name, typeof source === 'function' ? await source() : source, signal)
  }
}

/**
 * A lane of {@link measure} for a backend that keeps the contract of this project, in this very page or process. `name` is what reports
 * call it; what a name that begins with `mobileone-` takes is what the column `× ours` compares with.
 */
export function backendLane(
  name: string,
  backend: BackendSource,
  options: Pick<LocalLaneOptions, 'threads' | 'memory'> = {},
): Lane {
  return localLane(
    name,
    async () => backendContender(typeof backend === 'function' ? await backend() : backend),
    options,
  )
}
