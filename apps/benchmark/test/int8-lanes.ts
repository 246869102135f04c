import { parseReport, protocol, reportJson, reportText } from '@mobileone/measure'
import { expect } from 'vitest'
import { enginesMarkdown } from '../src/engine-table.ts'
import type { RuntimeName } from '../src/lineup.ts'
import { run } from '../src/run.ts'
import { speedMarkdown } from '../src/speed-table.ts'
import { tiny } from './tiny.ts'

export const rounds = protocol('default', { runs: 2, starts: 1 })
export const contenders: readonly string[] = ['mobileone-wasm', 'mobileone-wasm-int8', 'ort-wasm-int8']

/** Measures float32 and int8 beside each other: each is held against the reference in its own arithmetic, and told in the report. */
export async function checkInt8Lanes(runtimes: readonly RuntimeName[]): Promise<void> {
  const report = await run({
    models: [{ variant: 'tiny', make: () => tiny }],
    contenders,
    runtimes,
    threads: [1, 2],
    protocol: rounds,
  })
  const lanes = report.results.map(
    ({ contender, runtime, threads, precision }) => `${contender} ×${threads} in ${runtime}: ${precision}`,
  )
  const skipped = report.skipped.map(({ contender, reason }) => `${contender}: ${reason}`)
  const wanted = runtimes.flatMap((runtime) =>
    (runtime === 'webkit' ? [1] : [1, 2]).flatMap((threads) =>
      contenders.map(
        (contender) =>
          `${contender} ×${threads} in ${runtime}: ${contender === 'mobileone-wasm' ? 'float32' : 'int8'}`,
      ),
    ),
  )
  expect(lanes.sort(), skipped.join('\n')).toEqual(wanted.sort())
  for (const reason of skipped) expect(reason).toMatch(/no shared memory/)
  for (const { precision, maxRelError, contender } of report.results)
    expect(maxRelError, contender).toBeLessThan(precision === 'int8' ? 0.15 : 1e-4)
  const weights = (contender: string): number =>
    report.results.find((result) => result.contender === contender)?.weightBytes ?? 0
  expect(weights('mobileone-wasm-int8')).toBeLessThan(weights('mobileone-wasm'))
  expect(parseReport(reportJson(report)).results[0]?.precision).toBe(report.results[0]?.precision)
  const text = reportText(report)
  expect(text).toMatch(/contender +threads +precision/)
  expect(text).toMatch(/mobileone-wasm-int8 is [\d.]+ times as fast as mobileone-wasm in float32/)

  const written = enginesMarkdown(report)
  for (const runtime of runtimes)
    expect(written).toMatch(new RegExp(`\\| ${runtime} \\S.*\\| int8 \\| 1 \\|`))
  expect(written).not.toContain('ort-wasm')
  const speed = speedMarkdown(report)
  expect(speed).toMatch(/\| \*\*MobileOne, WebAssembly, in int8\*\* \| \*\*1\*\* \| \*\*int8\*\* \|/)
  expect(speed).toMatch(/\| ONNX Runtime Web, WebAssembly, the int8 form as QDQ \| 1 \| int8 \|/)
}
