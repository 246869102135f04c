import { type Executor, reference } from '@mobileone/core'
import { expect } from 'vitest'
import { wasm } from '../src/index.ts'
import { distance } from './distance.ts'
import { image, network } from './networks.ts'

/** The logits of one run of an executor that is disposed of. */
export async function run(executor: Executor, inputs: Parameters<Executor['run']>[0]): Promise<Float32Array> {
  const { logits } = await executor.run(inputs)
  await executor.dispose()
  return logits!.data
}

/** The whole network on our kernels, with random weights, gives the logits of the reference. */
export async function expectLogitsOfReference(
  variant: 's0' | 's1' | 's2' | 's4',
  form: 'train' | 'deploy',
  size: number,
): Promise<void> {
  const model = network(variant, size, form)
  const inputs = image(model, 3)
  const [ours, oracle] = [
    await run(await wasm().compile(model), inputs),
    await run(await reference().compile(model), inputs),
  ]
  const scale = Math.max(...oracle.map(Math.abs))
  expect(
    distance(
      ours.map((x) => x / scale),
      oracle.map((x) => x / scale),
    ),
  ).toBeLessThan(2e-5)
}
