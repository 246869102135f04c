import type { GpuAdapter } from '@mobileone/measure'
import type { Measured, Timing } from './measure-executor.ts'

export interface FolderReport extends Measured {
  readonly date: string
  readonly variant: string
  readonly precision: string
  readonly adapter: GpuAdapter
  readonly features: readonly string[]
  readonly machine: { readonly cpu: string; readonly cores: number; readonly platform: string }
  readonly versions: Readonly<Record<string, string>>
  readonly macs: number
  readonly compileMs: number
  /** Everything the executor keeps on the GPU. */
  readonly bufferBytes: number
}

/** For a terminal. */
export function folderText(report: FolderReport): string {
  const { adapter, machine, use, steps, batched } = report
  const total = steps.reduce((sum, { ms }) => sum + ms, 0)
  const line = (what: string, { medianMs, p95Ms, minMs, samples }: Timing): string =>
    `  ${what.padEnd(34)}${ms(medianMs)}${ms(p95Ms)}${ms(minMs)}${String(samples.length).padStart(7)}`
  const gflops = (2 * report.macs) / (batched.medianMs * 1e6)
  const slowest = steps.map(({ ms }) => ms).sort((a, b) => b - a)[0] ?? 0
  return [
    `${report.date.slice(0, 16).replace('T', ' ')} UTC, ${machine.cpu}, ${machine.cores} cores, ${machine.platform}`,
    `Adapter ${adapter.name}${adapter.software ? ': a software adapter, which computes on the CPU' : ''}`,
    `Features ${report.features.join(', ')}`,
    Object.entries(report.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    `${report.variant}, batch 1, ${report.precision}, random weights: logits differ from the reference's by at most ${report.maxAbsError.toExponential(1)} (${report.maxRelError.toExponential(1)} of the largest)`,
    '',
    `A run: ${use.dispatches} dispatches, ${use.submits} submissions, ${use.buffers} buffers made, ${use.uploadedBytes} bytes uploaded, ${use.readBytes} read; ${(report.bufferBytes / 1e6).toFixed(1)} MB kept on the GPU`,
    `Compile ${report.compileMs.toFixed(0)} ms, first run ${report.firstMs.toFixed(1)} ms`,
    '',
    `  ${'milliseconds'.padEnd(34)}${['median', 'p95', 'least'].map((title) => title.padStart(10)).join('')}${'runs'.padStart(7)}`,
    line('with the logits read back', report.readback),
    line('until the GPU has finished', report.onGpu),
    line('of that, JavaScript until submitted', report.submit),
    line(`each of ${batched.batch} back to back`, batched),
    `  (${gflops.toFixed(0)} GFLOP/s back to back)`,
    '',
    `Dispatches, ${report.clock === 'timestamp-query' ? "by the GPU's clock" : 'from submission to completion'}, medians of ${report.profiles} runs; ${total.toFixed(3)} ms in all`,
    ...steps.map(
      ({ node, kernel, ms: own }) =>
        `  ${node.padEnd(14)}${kernel.padEnd(34)}${own.toFixed(4).padStart(9)}  ${bar(own / Math.max(slowest, 1e-9))}`,
    ),
    '',
  ].join('\n')
}

function ms(value: number): string {
  return value.toFixed(value < 10 ? 3 : 1).padStart(10)
}

function bar(share: number): string {
  return '█'.repeat(Math.round(share * 20))
}
