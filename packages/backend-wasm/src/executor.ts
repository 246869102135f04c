import { createExecutor, type Executor, type Model, spec } from '@mobileone/core'
import { type Simd, simdFeatures } from './detect-simd.ts'
import type { Runtime } from './runtime.ts'

/** An executor that holds the runtime alone, and nothing once it is disposed. */
export function executorOf(inputs: Model['inputs'], started: Runtime, simd: Simd): Executor {
  let runtime: Runtime | undefined = started
  return createExecutor({
    backend: 'wasm',
    inputs,
    outputs: Object.fromEntries(
      Object.entries(started.outputs).map(([name, { shape }]) => [name, spec(shape)]),
    ),
    memoryBytes: started.memoryBytes,
    steps: started.steps,
    precision: started.precision,
    features: [...simdFeatures(simd), ...started.features, started.threads],
    execute: (tensors, signal) => runtime!.run(tensors, signal),
    profile: async (tensors) => (await runtime!.profile(tensors)).map((ms, step) => ({ step, ms })),
    async free() {
      await runtime!.end()
      runtime = undefined
    },
  })
}
