import { type Executor, type Model, type Tensors, withBatch } from '@mobileone/core'
import { expect } from 'vitest'
import { openPacked, packModel, wasm } from '../src/index.ts'
import { image, network } from './networks.ts'

export const logits = async (executor: Executor, inputs: Tensors): Promise<Float32Array> =>
  (await executor.run(inputs)).logits!.data

/** What an executor of its own gives for each of `inputs`. */
export async function expected(model: Model, inputs: readonly Tensors[]): Promise<Float32Array[]> {
  await using executor = await wasm().compile(model)
  const results: Float32Array[] = []
  for (const each of inputs) results.push(await logits(executor, each))
  return results
}

/** Expect that three instances of one packed network give, in turns and at once, what an executor of its own gives. */
export async function expectSameBits(
  variant: Parameters<typeof network>[0],
  form: 'train' | 'deploy',
  size: number,
  batch: number,
): Promise<void> {
  const model = withBatch(network(variant, size, form), batch)
  const inputs = [1, 2, 3].map((seed) => image(model, seed))
  const want = await expected(model, inputs)
  const packed = await packModel(model, { instances: 3 })
  const executors = await Promise.all([0, 1, 2].map((instance) => openPacked(packed, instance)))
  for (const turn of [0, 1]) {
    const found = await Promise.all(executors.map((executor, i) => logits(executor, inputs[(i + turn) % 3]!)))
    expect(found).toEqual([0, 1, 2].map((i) => want[(i + turn) % 3]))
  }
  for (const executor of executors) await executor.dispose()
}
