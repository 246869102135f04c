import { isMobileOneError, type Progress, throwIfAborted } from '@mobileone/core'
import { benchmark, type Lane, type Measured, type PeakLane } from '../benchmark.ts'
import type { Pause } from '../pause.ts'
import { type Protocol, summarize } from '../protocol.ts'
import type { Peak, Result, Skipped } from '../result.ts'
import { median } from '../statistics.ts'
import type { Subject } from '../subject.ts'
import type { StudyNetwork } from './study.ts'
import { type StudyProgress, studyProgress } from './study-progress.ts'

/** What is measured for studies, where, and whom it tells. */
export interface MeasureNetworksOptions {
  readonly networks: readonly StudyNetwork[]
  readonly lanes: readonly Lane[]
  readonly peaks?: readonly PeakLane[] | undefined
  /** All networks are gone through `starts` times, each time with a fresh start of every contender and a share of the rounds. */
  readonly protocol: Protocol
  /** The network with an input and the right answer; asked for once, or in every sweep where `release` is given. */
  prepare(network: StudyNetwork, signal: AbortSignal | undefined): Promise<Subject>
  /** A network has been measured in this sweep: its files and its weights are no longer needed. */
  readonly release?: ((subject: Subject) => void) | undefined
  readonly onProgress?: ((progress: StudyProgress) => void) | undefined
  /** What there is so far, of all networks, after each of them. */
  readonly onResults?: ((results: readonly Result[], skipped: readonly Skipped[]) => void) | undefined
  readonly onSkipped?: ((skipped: Skipped) => void) | undefined
  /** Ends it: what has been measured until then is returned. */
  readonly signal?: AbortSignal | undefined
  readonly pause?: Pick<Pause, 'wait'> | undefined
}

/** What {@link measureNetworks} gives. */
export interface MeasuredNetworks extends Measured {
  /** Why it ended early. */
  readonly stopped?: string
}

/**
 * Measure all networks in all lanes, in several sweeps over the networks: what else the machine does for some minutes meets all of them,
 * so that times of different networks may be compared. Results of a network from all sweeps are one, in order; a contender that is lost
 * in between, or an abortion, leaves what was measured, and the result says so in `incomplete`.
 */
export async function measureNetworks(options: MeasureNetworksOptions): Promise<MeasuredNetworks> {
  const { networks, lanes, peaks = [], protocol, signal, onProgress, onSkipped, release } = options
  const sweeps = Math.max(1, protocol.starts)
  const shares = Array.from({ length: sweeps }, (_, sweep) => roundsOf(protocol.rounds, sweeps, sweep))
  const kept = new Map<string, Result>()
  const skipped: Skipped[] = []
  const samples = new Map<PeakLane, number[]>(peaks.map((peak) => [peak, []]))
  const prepared = new Map<string, Omit<Subject, 'model'>>()
  const lost = new Set<string>()
  const progress = studyProgress(networks, lanes.length, { protocol, shares }, onProgress)

  const keep = (result: Result): void => {
    const key = keyOf(result)
    const before = kept.get(key)
    const whole = before ? joined(before, result, protocol) : result
    if (result.incomplete === undefined) kept.set(key, whole)
    else kept.set(key, unfinished(whole, result.incomplete.replace(/, after \d+ of \d+ runs$/, ''), protocol))
  }
  const lose = (entry: Skipped): void => {
    const key = keyOf(entry)
    if (lost.has(key)) return
    lost.add(key)
    const before = kept.get(key)
    if (before?.incomplete !== undefined) return
    if (before) kept.set(key, unfinished(before, entry.reason, protocol))
    else {
      skipped.push(entry)
      onSkipped?.(entry)
    }
  }

  let stopped: string | undefined
  try {
    for (const [sweep, rounds] of shares.entries()) {
      for (const [index, network] of networks.entries()) {
        throwIfAborted(signal, 'the study')
        const open = lanes.filter(
          ({ contender, runtime, threads }) =>
            !lost.has(keyOf({ contender, runtime, threads, variant: network.id })),
        )
        if (open.length === 0) continue
        progress.begin(sweep, index)
        let subject: Subject
        try {
          subject = await subjectOf(network, options, prepared, progress.tell)
        } catch (error) {
          if (isMobileOneError(error) && error.code === 'aborted') throw error
          const reason = (error as Error).message
          for (const { contender, runtime, threads } of open) {
            lose({ contender, runtime, threads, variant: network.id, reason })
          }
          continue
        }
        const arrived: Result[] = []
        try {
          const measured = await benchmark({
            subjects: [subject],
            lanes: sweep % 2 === 0 ? open : [...open].reverse(),
            peaks,
            protocol: { ...protocol, rounds, starts: 1 },
            onProgress: progress.tell,
            onResult: (result) => arrived.push(result),
            signal,
            pause: options.pause,
          })
          for (const result of arrived) keep(result)
          for (const entry of measured.skipped) lose(entry)
          for (const [place, peak] of peaks.entries()) {
            samples.get(peak)?.push(...(measured.peaks[place]?.samples ?? []))
          }
        } catch (error) {
          for (const result of arrived) keep(result)
          throw error
        } finally {
          release?.(subject)
        }
        options.onResults?.([...kept.values()], skipped)
      }
    }
  } catch (error) {
    if (!(isMobileOneError(error) && error.code === 'aborted')) throw error
    stopped = error.message
    for (const [key, result] of kept) {
      const isWhole = result.samples.length >= protocol.rounds * protocol.runsPerTurn
      if (isWhole || result.incomplete !== undefined) continue
      kept.set(key, unfinished(result, stopped, protocol))
    }
  }
  return {
    peaks: peaks.map((peak) => peakOf(peak, samples.get(peak) ?? [])),
    results: [...kept.values()],
    skipped,
    ...(stopped !== undefined && { stopped }),
  }
}

/** The rounds of one sweep; those that do not divide evenly go to the first. */
function roundsOf(rounds: number, sweeps: number, sweep: number): number {
  return Math.floor(rounds / sweeps) + (sweep < rounds % sweeps ? 1 : 0)
}

/** Of a network that was prepared before and is not released, everything but the weights is kept. */
async function subjectOf(
  network: StudyNetwork,
  { prepare, release, signal }: MeasureNetworksOptions,
  prepared: Map<string, Omit<Subject, 'model'>>,
  tell: (progress: Progress) => void,
): Promise<Subject> {
  const known = prepared.get(network.id)
  if (known) {
    let model: Subject['model'] | undefined
    return {
      ...known,
      get model() {
        return (model ??= network.make())
      },
    }
  }
  tell({ phase: `${network.title}: the right answer`, done: 0 })
  const subject = await prepare(network, signal)
  const { model: _, ...rest } = subject
  if (!release) prepared.set(network.id, rest)
  return subject
}

/** Two parts of one result, the later after the earlier. */
function joined(first: Result, second: Result, protocol: Protocol): Result {
  const samples = [...first.samples, ...second.samples]
  const starts = [...first.starts, ...second.starts]
  const middle = (pick: (start: Result['starts'][number]) => number): number => median(starts.map(pick))
  const figures = samples.length > 0 ? summarize(samples, protocol) : undefined
  const ms = figures?.[protocol.headline]
  const gflops = ms === undefined ? null : (2 * second.macs) / (ms * 1e6)
  const peaks = [first, second].flatMap((part) =>
    part.gflops !== null && part.peakShare ? [part.gflops / part.peakShare] : [],
  )
  return {
    ...first,
    ...second,
    ...figures,
    loadMs: middle(({ loadMs }) => loadMs),
    compileMs: middle(({ compileMs }) => compileMs),
    firstMs: middle(({ firstMs }) => firstMs),
    startMs: middle(({ loadMs, compileMs, firstMs }) => loadMs + compileMs + firstMs),
    gflops,
    peakShare: gflops === null || peaks.length === 0 ? null : gflops / median(peaks),
    maxAbsError: Math.max(first.maxAbsError, second.maxAbsError),
    maxRelError: Math.max(first.maxRelError, second.maxRelError),
    samples,
    starts,
  }
}

function keyOf({ contender, variant, runtime, threads }: Omit<Skipped, 'reason'>): string {
  return [variant, contender, runtime, threads].join(' ')
}

function unfinished(result: Result, why: string, { rounds, runsPerTurn }: Protocol): Result {
  const runs = `${result.samples.length} of ${rounds * runsPerTurn} runs`
  return { ...result, incomplete: `${why}, after ${runs}` }
}

function peakOf({ runtime, threads, instruction }: PeakLane, samples: readonly number[]): Peak {
  return { runtime, threads, instruction, gflops: samples.length > 0 ? median(samples) : 0, samples }
}
