import { protocol, type Report, type Result, summarize } from '../src/index.ts'

const rounds = protocol('default')

/** A result with these samples, and figures that fit them. */
export function makeResult(
  contender: string,
  samples: readonly number[],
  changes: Partial<Result> = {},
): Result {
  return {
    contender,
    variant: 's0',
    runtime: 'chromium',
    threads: 1,
    loadMs: 1,
    compileMs: 20,
    firstMs: 300,
    startMs: 321,
    ...summarize(samples, rounds),
    gflops: 50,
    peakShare: 0.9,
    memoryBytes: 12_000_000,
    memoryKind: 'linear memories',
    wireBytes: 90_000,
    wireGzipBytes: null,
    weightBytes: 8_000_000,
    maxAbsError: 2e-6,
    maxRelError: 1e-7,
    macs: 275e6,
    samples,
    starts: [],
    ...changes,
  }
}

/** A report of these results, from a quiet machine of two cores. */
export function makeReport(results: readonly Result[], changes: Partial<Report> = {}): Report {
  return {
    date: '2026-01-31T12:00:00.000Z',
    machine: { cpu: 'a CPU', cores: 2, memoryBytes: 1, platform: 'linux x64' },
    versions: { chromium: '1' },
    protocol: rounds,
    peakGflops: 55,
    peaks: [{ runtime: 'chromium', threads: 1, gflops: 55, instruction: 'relaxed madd', samples: [55] }],
    results,
    skipped: [],
    ...changes,
  }
}
