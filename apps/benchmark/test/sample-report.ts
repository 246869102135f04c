import { random } from '@mobileone/core'
import { protocol, type Report, type Result, summarize } from '@mobileone/measure'

const rounds = protocol('default', { runs: 12 })

const measured: readonly (readonly [contender: string, variant: string, ms: number])[] = [
  ['mobileone-wasm', 's0', 14.2],
  ['ort-wasm', 's0', 21.7],
  ['tfjs-wasm', 's0', 35.1],
  ['litert-wasm', 's0', 17.9],
  ['mobileone-wasm', 'mobilenetv2_100', 19.5],
  ['ort-wasm', 'mobilenetv2_100', 19.9],
]

/** A report such as a page makes; `scale` multiplies the times of ours, which differ from run to run by a tenth. */
export function makeReport(changes: Partial<Result> = {}, scale = 1): Report {
  const source = random(Math.round(scale * 1000))
  const results = measured.map(([contender, variant, ms]): Result => {
    const own = contender.startsWith('mobileone') ? scale : 1
    const samples = Array.from({ length: 12 }, () => ms * own * (1 + 0.1 * source.next()))
    return {
      contender,
      variant,
      runtime: 'browser',
      threads: 1,
      loadMs: 3,
      compileMs: 41,
      firstMs: 55,
      startMs: 99,
      ...summarize(samples, rounds),
      gflops: 38,
      peakShare: 0.7,
      memoryBytes: 24_000_000,
      memoryKind: 'linear memories of WebAssembly',
      wireBytes: 180_000,
      wireGzipBytes: null,
      weightBytes: 8_000_000,
      maxAbsError: 2e-6,
      maxRelError: 1e-7,
      macs: 275e6,
      samples,
      starts: [],
      ...changes,
    }
  })
  return {
    date: '2026-01-31T12:00:00.000Z',
    machine: { cpu: 'browsers do not tell', cores: 8, memoryBytes: 8 * 2 ** 30, platform: 'Android' },
    versions: { browser: 'Chromium 140', 'onnxruntime-web': '1.30.0' },
    protocol: rounds,
    peakGflops: 55,
    peaks: [
      { runtime: 'browser', threads: 1, gflops: 55, instruction: 'relaxed madd', samples: [55, 54, 55, 55] },
    ],
    results,
    skipped: [],
  }
}
