/** Measures in this browser: every network in every lane, contenders in frames, by the harness of `@mobileone/measure`. */
import { isMobileOneError, type Progress } from '@mobileone/core'
import {
  benchmark,
  describeEnvironment,
  median,
  nameOf,
  type Pause,
  type Protocol,
  type Report,
  type Result,
  type Skipped,
  type Subject,
} from '@mobileone/measure'
import { catalogue } from '../networks/catalogue.ts'
import { networkIdText } from '../networks/network-id.ts'
import { frameLane, type LaneRequest, openFramePeaks, runtime } from './frames.ts'
import { makeSubject } from './network-client.ts'
import type { NetworkRequest } from './prepared-network.ts'
import { WorkClock } from './work-clock.ts'

declare const packageVersions: Readonly<Record<string, string>>

export interface MeasureOptions {
  readonly networks: readonly NetworkRequest[]
  readonly lanes: readonly LaneRequest[]
  readonly protocol: Protocol
  readonly signal: AbortSignal
  readonly pause?: Pick<Pause, 'wait'> | undefined
  readonly onProgress?: ((progress: MeasureProgress) => void) | undefined
  /** The report so far, at every result and everything that was left out. */
  readonly onReport?: ((report: Report) => void) | undefined
}

/** What is being done: the words of the harness, the share that is done, milliseconds that are left. */
export interface MeasureProgress extends Progress {
  readonly variant: string
  readonly fraction: number
  readonly leftMs: number
}

/** What was measured; `wasCancelled` where `signal` ended it: then it is what there was until then, with `incomplete` results. */
export interface MeasuredHere {
  readonly report: Report
  readonly wasCancelled: boolean
}

/** Measure one at a time: contenders of two would get in each other's way. What goes wrong with a network or a contender is in `skipped`. */
export async function measureHere(options: MeasureOptions): Promise<MeasuredHere> {
  const { networks, protocol, signal, pause } = options
  const results: Result[] = []
  const skipped: Skipped[] = []
  const { machine, versions } = describeEnvironment()
  const draft = {
    date: new Date().toISOString(),
    machine,
    versions: { ...versions, ...packageVersions },
    protocol,
  }
  const clock = new WorkClock({
    macs: networks.map(macsOf),
    lanes: options.lanes.map(({ entry, threads }) => laneName(entry.name, threads)),
    protocol,
  })
  let variant = networks[0] ? networkIdText(networks[0]) : ''
  const tellProgress = (progress: Progress): void => {
    const now = performance.now()
    options.onProgress?.({ ...progress, variant, fraction: clock.fraction(now), leftMs: clock.left(now) })
  }
  const peaks = await openFramePeaks(
    [...new Set(options.lanes.map((lane) => lane.threads))].sort((a, b) => a - b),
  )
  const samples = new Map(peaks.lanes.map((lane) => [lane, [] as number[]]))
  const reportNow = (): Report => {
    const measured = [...samples].flatMap(([lane, values]) => {
      const { threads, instruction } = lane
      return values.length > 0
        ? [{ runtime, threads, instruction, gflops: median(values), samples: [...values] }]
        : []
    })
    return {
      ...draft,
      peaks: measured,
      peakGflops: measured[0]?.gflops ?? 0,
      results: [...results],
      skipped: [...skipped],
    }
  }
  const tellReport = (): void => options.onReport?.(reportNow())
  const skip = (entry: Skipped): void => {
    skipped.push(entry)
    clock.ended(laneName(entry.contender, entry.threads))
    tellReport()
  }
  const lanes = options.lanes.map((request) => {
    const name = laneName(request.entry.name, request.threads)
    return frameLane(request, {
      started: (_, __, ms, { firstMs }) => clock.started(name, ms, firstMs),
      turned: (_, __, ms) => clock.turned(name, ms),
    })
  })

  async function* subjects(): AsyncGenerator<Subject> {
    for (const [index, request] of networks.entries()) {
      variant = networkIdText(request)
      await pause?.wait(signal)
      clock.referenceBegins(index, performance.now())
      tellProgress({ phase: `${variant}: reference`, done: 0 })
      const ticking = setInterval(() => tellProgress({ phase: `${variant}: reference`, done: 0 }), 1000)
      try {
        const subject = await makeSubject(request, signal)
        clearInterval(ticking)
        clock.referenceEnds(performance.now())
        try {
          yield subject
        } finally {
          subject.int8?.revoke()
          subject.revoke()
        }
      } catch (error) {
        if (isMobileOneError(error) && error.code === 'aborted') throw error
        for (const { contender, threads } of lanes)
          skip({ contender, variant, runtime, threads, reason: (error as Error).message })
      } finally {
        clearInterval(ticking)
        clock.referenceEnds(performance.now())
        clock.ended()
      }
    }
  }

  try {
    await benchmark({
      subjects: subjects(),
      lanes,
      peaks: peaks.lanes.map((lane) => ({
        ...lane,
        async measure() {
          const gflops = await lane.measure()
          samples.get(lane)?.push(gflops)
          return gflops
        },
      })),
      protocol,
      onProgress: tellProgress,
      onResult(result) {
        results.push(result)
        tellReport()
      },
      onSkipped: skip,
      signal,
      pause,
    })
    return { report: reportNow(), wasCancelled: false }
  } catch (error) {
    if (!isMobileOneError(error) || error.code !== 'aborted') throw error
    return { report: reportNow(), wasCancelled: true }
  } finally {
    await peaks.close()
  }
}

function laneName(contender: string, threads: number): string {
  return nameOf({ contender, runtime, threads })
}

/** As far as one can tell before it is made. */
function macsOf({ network, size, batch }: NetworkRequest): number {
  const known = catalogue.get(network) ?? { macs: 3e8, size: 224 }
  return known.macs * ((size ?? known.size) / known.size) ** 2 * batch
}
