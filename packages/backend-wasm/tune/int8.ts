/** A whole network in the int8 form with every kernel, beside float32, taking turns. */
import { type Executor, quantize, type variants } from '@mobileone/core'
import type { Int8Kernel } from '../src/choose.ts'
import { detectSimd, type Simd } from '../src/detect-simd.ts'
import { executorOf } from '../src/executor.ts'
import { planInt8 } from '../src/int8-layers.ts'
import { createRuntime } from '../src/runtime.ts'
import { planThreads } from '../src/thread-count.ts'
import { wasm } from '../src/wasm.ts'
import { randomNetwork, sineInputs } from './random-network.ts'
import { fastest, median } from './timing.ts'

export interface Int8Report {
  readonly simd: Simd
  /** What `wasm()` chose by itself. */
  readonly features: readonly string[]
  readonly candidates: readonly {
    readonly name: string
    readonly compileMs: number
    /** The sum of each step's fastest tenth. */
    readonly ms: number
    readonly medianMs: number
    /** Runs on two threads. */
    readonly sharedMs: number | undefined
    readonly memoryBytes: number
    readonly steps: readonly { readonly node: string; readonly kernel: string; readonly ms: number }[]
  }[]
}

/** Random weights, quantised with one image. */
export async function measureInt8(
  variant: keyof typeof variants,
  rounds: number,
  threads: number,
): Promise<Int8Report> {
  const simd = (await detectSimd()) ?? 'plain'
  const float = randomNetwork(variant)
  const inputs = sineInputs(float)
  const { model } = await quantize(float, { samples: [inputs], backend: wasm({ precision: 'float32' }) })
  const kernels: readonly (Int8Kernel | undefined)[] =
    simd === 'relaxed' ? [undefined, 'rdot16x4', 'rdot16', 'relaxed_dot_add'] : [undefined, 'dot_i16']
  const compile = async (kernel: Int8Kernel | undefined, count: number): Promise<Executor> => {
    const shared = { wasm: undefined, worker: undefined, simd, precision: undefined }
    const options = { ...shared, threads: planThreads(count), planInt8: planInt8(kernel) }
    return executorOf(model.inputs, await createRuntime(model, options), simd)
  }
  const own = await wasm().compile(model)
  const features = own.features ?? []
  await own.dispose()

  const candidates = []
  for (const kernel of kernels) {
    const start = performance.now()
    const executor = await compile(kernel, 1)
    const compileMs = performance.now() - start
    const shared = threads > 1 ? await compile(kernel, threads) : undefined
    const profiles: (readonly number[])[] = []
    const sharedTimes: number[] = []
    candidates.push({ name: kernel ?? 'float32', executor, shared, compileMs, profiles, sharedTimes })
  }
  for (let round = 0; round < rounds + 10; round++) {
    for (const { executor, shared, profiles, sharedTimes } of candidates) {
      const profile = await executor.profile!(inputs)
      const start = performance.now()
      await shared?.run(inputs)
      if (round < 10) continue
      sharedTimes.push(performance.now() - start)
      profiles.push(profile.map(({ ms }) => ms))
    }
  }
  const report = candidates.map(({ name, executor, shared, compileMs, profiles, sharedTimes }) => {
    const steps = executor.steps.map((step, index) => ({
      ...step,
      ms: fastest(profiles.map((times) => times[index] ?? 0)),
    }))
    return {
      name,
      compileMs,
      ms: steps.reduce((sum, { ms }) => sum + ms, 0),
      medianMs: median(profiles.map((times) => times.reduce((sum, ms) => sum + ms, 0))),
      sharedMs: shared && fastest(sharedTimes),
      memoryBytes: executor.memory.bytes,
      steps,
    }
  })
  for (const { executor, shared } of candidates) {
    await executor.dispose()
    await shared?.dispose()
  }
  return { simd, features, candidates: report }
}
