/** A whole network: its steps in one thread, and its runs in one and two. */
import type { Model } from '@mobileone/core'
import type { Kernels } from '../src/load.ts'
import { wasm } from '../src/wasm.ts'
import { sineInputs } from './random-network.ts'
import { fastest, highest, measurePeak, median } from './timing.ts'

export interface StepTime {
  readonly node: string
  readonly kernel: string
  readonly ms: number
  readonly flop: number
}

export interface RunTimes {
  readonly threads: number
  readonly compileMs: number
  readonly firstMs: number
  readonly ms: number
  readonly bestMs: number
}

export interface NetworkTimes {
  /** Step by step, in one thread. */
  readonly steps: readonly StepTime[]
  readonly peakGflops: number
  readonly runs: readonly RunTimes[]
}

/** @param flopOf Floating-point operations of a node. */
export async function timeNetwork(
  model: Model,
  rounds: number,
  kernels: Kernels,
  flopOf: (node: string) => number,
): Promise<NetworkTimes> {
  const inputs = sineInputs(model)
  const runs: RunTimes[] = []
  let steps: readonly StepTime[] = []
  const peaks: number[] = []
  for (const threads of [1, 2]) {
    let start = performance.now()
    const executor = await wasm({ threads }).compile(model)
    const compileMs = performance.now() - start
    start = performance.now()
    await executor.run(inputs)
    const firstMs = performance.now() - start
    for (let i = 0; i < 10; i++) await executor.run(inputs)
    const times: number[] = []
    for (let round = 0; round < rounds; round++) {
      if (threads === 1) peaks.push(measurePeak(kernels))
      start = performance.now()
      await executor.run(inputs)
      times.push(performance.now() - start)
    }
    runs.push({ threads, compileMs, firstMs, ms: median(times), bestMs: fastest(times) })
    if (threads === 1 && executor.profile) {
      const profiles: (readonly { readonly ms: number }[])[] = []
      for (let round = 0; round < rounds; round++) profiles.push(await executor.profile(inputs))
      steps = executor.steps.map((step, index) => ({
        ...step,
        ms: fastest(profiles.map((entry) => entry[index]?.ms ?? 0)),
        flop: flopOf(step.node),
      }))
    }
    await executor.dispose()
  }
  return { steps, peakGflops: highest(peaks), runs }
}
