import { profile, type Variant } from '@mobileone/core'
import { expect } from 'vitest'
import { wasm } from '../src/index.ts'
import { network } from './networks.ts'

/** A variant, compiled, takes its weights, its activations where most of them live, a tenth of those more, and 1 MB. */
export async function expectLittleMemory(variant: Variant): Promise<void> {
  const model = network(variant)
  const executor = await wasm().compile(model)
  const weights = Object.values(model.weights).reduce((sum, { data }) => sum + data.byteLength, 0)
  const { peakActivationBytes } = profile(model)
  expect(executor.memory.bytes).toBeLessThanOrEqual(weights + 1.1 * peakActivationBytes + 1e6)
  await executor.dispose()
}
