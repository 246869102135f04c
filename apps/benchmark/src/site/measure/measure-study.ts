/** Measures the networks of a study in this browser: contenders in frames, by `measureNetworks`. */
import { describeEnvironment, median, type Pause, type Protocol, type Report } from '@mobileone/measure'
import { measureNetworks, type StudyNetwork, type StudyProgress } from '@mobileone/measure/studies'
import { parseNetworkId } from '../networks/network-id.ts'
import { frameLane, type LaneRequest, openFramePeaks } from './frames.ts'
import { makeSubject, type SiteSubject } from './network-client.ts'

declare const packageVersions: Readonly<Record<string, string>>

export interface StudyMeasureOptions {
  readonly networks: readonly StudyNetwork[]
  readonly lanes: readonly LaneRequest[]
  readonly protocol: Protocol
  readonly signal: AbortSignal
  readonly pause: Pick<Pause, 'wait'>
  readonly onProgress: (progress: StudyProgress) => void
  /** The report so far, after every network. */
  readonly onReport: (report: Report) => void
}

export interface StudyMeasured {
  readonly report: Report
  /** `signal` ended it: the report is of what there was until then. */
  readonly wasCancelled: boolean
}

/** Networks and right answers are made in a worker; a backend that was held against the reference first gives the answers. */
export async function measureStudy(options: StudyMeasureOptions): Promise<StudyMeasured> {
  const { networks, lanes, protocol, signal, pause, onProgress, onReport } = options
  const { machine, versions } = describeEnvironment()
  const draft: Report = {
    date: new Date().toISOString(),
    machine,
    versions: { ...versions, ...packageVersions },
    protocol,
    peakGflops: 0,
    peaks: [],
    results: [],
    skipped: [],
  }
  const peaks = await openFramePeaks([...new Set(lanes.map(({ threads }) => threads))])
  try {
    const { stopped, ...measured } = await measureNetworks({
      networks,
      lanes: lanes.map((lane) => frameLane(lane)),
      peaks: peaks.lanes,
      protocol,
      prepare: ({ id }, stop) => {
        const { network = id, size, batch = 1 } = parseNetworkId(id) ?? {}
        return makeSubject({ network, size, batch }, stop)
      },
      release: (subject) => (subject as SiteSubject).revoke(),
      onProgress,
      onResults: (results, skipped) => onReport({ ...draft, results, skipped }),
      signal,
      pause,
    })
    const [peak] = measured.peaks
    const peakGflops = peak && peak.samples.length > 0 ? median(peak.samples) : 0
    const kept = measured.peaks.filter(({ samples }) => samples.length > 0)
    return { report: { ...draft, ...measured, peaks: kept, peakGflops }, wasCancelled: stopped !== undefined }
  } finally {
    await peaks.close()
  }
}
