/** The networks of this example with random weights, a picture for them, and how they are run and compared. */
import { type Backend, type Model, type Tensor, type Tensors, tensor } from '@mobileone/sdk'
import { compileFirst, initialize, mobileone, variants } from '@mobileone/sdk/network'
import { expect } from 'vitest'
import { detector, type Level } from '../src/detector.ts'
import { segmenter } from '../src/segmenter.ts'

const size = [64, 96] as const
const backbone = initialize(mobileone({ ...variants.s0, input: { channels: 3, size } }, { form: 'deploy' }), {
  seed: 1,
  statistics: 'random',
})
const detecting = detector(backbone, 20)
/** Of the detector. */
export const levels: readonly Level[] = detecting.levels
export const networks: Readonly<Record<'detector' | 'segmenter', Model>> = {
  detector: initialize(detecting.graph, { seed: 2, statistics: 'random' }),
  segmenter: initialize(segmenter(backbone, 7), { seed: 3, statistics: 'random' }),
}
export const image: Tensor = tensor(
  [1, 3, ...size],
  Float32Array.from({ length: 3 * size[0] * size[1] }, (_, i) => Math.sin(i * 0.37) + Math.cos(i * 0.011)),
)

export async function run(backend: Backend, model: Model): Promise<Tensors> {
  const executor = await compileFirst(model, [backend])
  try {
    return await executor.run({ image })
  } finally {
    await executor.dispose()
  }
}

/** Fails where a value is further off than `tolerance`, in parts of the largest of its output. */
export function expectClose(got: Tensors, wanted: Tensors, tolerance: number): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(wanted).sort())
  for (const [name, { shape, data }] of Object.entries(wanted)) {
    expect(got[name]?.shape, name).toEqual(shape)
    let [error, largest] = [0, 1]
    for (const [index, value] of data.entries()) {
      error = Math.max(error, Math.abs(value - (got[name]?.data[index] as number)))
      largest = Math.max(largest, Math.abs(value))
    }
    expect(error / largest, name).toBeLessThan(tolerance)
  }
}
