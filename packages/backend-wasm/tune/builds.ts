/** A whole network in float32 with every build of the kernels, taking turns. */
import { profile, type variants } from '@mobileone/core'
import { detectSimd, type Simd } from '../src/detect-simd.ts'
import { type WasmOptions, wasm } from '../src/wasm.ts'
import { fastestKernels, wideKernels } from '../src/wide.ts'
import { randomNetwork, sineInputs } from './random-network.ts'
import { fastest, highest, measurePeak, median, startPeak } from './timing.ts'

export interface BuildsReport {
  /** What `fastestKernels()` chose. */
  readonly fastest: Simd
  /** Multiply-adds of one core at best with 128-bit operations, as the engine runs them, GFLOP/s. */
  readonly peakGflops: number
  readonly builds: readonly {
    readonly name: Simd
    /** The sum of each step's fastest tenth. */
    readonly ms: number
    readonly medianMs: number
    /** GFLOP/s of the pointwise layers' fastest tenths. */
    readonly pointwiseGflops: number
  }[]
}

export async function measureBuilds(variant: keyof typeof variants, rounds: number): Promise<BuildsReport> {
  const simd = (await detectSimd()) ?? 'plain'
  const model = randomNetwork(variant)
  const flops = new Map(profile(model).layers.map(({ node, macs }) => [node, 2 * macs]))
  const inputs = sineInputs(model)
  const options: readonly (WasmOptions & { readonly simd: Simd })[] =
    simd === 'plain'
      ? [{ simd: 'plain' }]
      : [{ simd: 'plain' }, { simd: 'relaxed' }, { ...(await wideKernels()), simd: 'wide' }]
  const contenders = await Promise.all(
    options.map(async (chosen) => ({
      name: chosen.simd,
      executor: await wasm(chosen).compile(model),
      profiles: [] as number[][],
    })),
  )
  const kernels = await startPeak(simd)
  const peaks: number[] = []
  for (let round = 0; round < rounds + 10; round++) {
    peaks.push(measurePeak(kernels))
    for (const { executor, profiles } of contenders) {
      const steps = await executor.profile!(inputs)
      if (round >= 10) profiles.push(steps.map(({ ms }) => ms))
    }
  }
  const builds = contenders.map(({ name, executor, profiles }) => {
    const steps = executor.steps.map(({ node, kernel }, index) => ({
      flop: kernel.startsWith('pointwise') ? (flops.get(node) ?? 0) : 0,
      ms: fastest(profiles.map((times) => times[index]!)),
    }))
    const pointwise = steps.filter(({ flop }) => flop > 0)
    return {
      name,
      ms: sum(steps.map(({ ms }) => ms)),
      medianMs: median(profiles.map(sum)),
      pointwiseGflops: sum(pointwise.map(({ flop }) => flop)) / sum(pointwise.map(({ ms }) => ms)) / 1e6,
    }
  })
  for (const { executor } of contenders) await executor.dispose()
  return { fastest: (await fastestKernels()).simd ?? simd, peakGflops: highest(peaks), builds }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
