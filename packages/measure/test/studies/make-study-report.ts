import { protocol, type Report, type Result, summarize } from '../../src/index.ts'
import type { StudyNetwork } from '../../src/studies/index.ts'
import { profileOf } from '../../src/studies/profile-of.ts'

const rounds = protocol('default', { runs: 6, starts: 2 })

/** A report of made-up times: `msOf` a network for each contender; undefined leaves it out. */
export function studyReport(
  networks: readonly StudyNetwork[],
  msOf: (network: StudyNetwork, contender: string) => number | undefined,
  contenders: readonly string[] = ['mobileone-wasm', 'ort-wasm'],
): Report {
  return {
    date: '2026-11-27T04:00:00.000Z',
    machine: { cpu: 'a CPU', cores: 2, memoryBytes: 1e9, platform: 'linux x64' },
    versions: {},
    protocol: rounds,
    peakGflops: 0,
    peaks: [],
    results: networks.flatMap((network) =>
      contenders.flatMap((contender) => {
        const ms = msOf(network, contender)
        return ms === undefined ? [] : [resultOf(network, contender, ms)]
      }),
    ),
    skipped: [],
  }
}

function resultOf(network: StudyNetwork, contender: string, ms: number): Result {
  const samples = [0.99, 1.01, 1, 1.005, 0.995, 1].map((factor) => factor * ms)
  return {
    contender,
    variant: network.id,
    runtime: 'chromium',
    threads: 1,
    loadMs: 1,
    compileMs: 2,
    firstMs: 3,
    startMs: 6,
    ...summarize(samples, rounds),
    gflops: null,
    peakShare: null,
    memoryBytes: 5e6,
    memoryKind: 'made up',
    wireBytes: null,
    wireGzipBytes: null,
    weightBytes: 4,
    maxAbsError: 0,
    maxRelError: 0,
    macs: profileOf(network).macs,
    ...(contender.startsWith('mobileone-') && { steps: network.graph().nodes.length }),
    samples,
    starts: [{ loadMs: 1, compileMs: 2, firstMs: 3 }],
  }
}
