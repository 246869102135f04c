import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { maxAbsDifference, withBatch } from '@mobileone/core'
import { type Backend, reparameterize, tensor } from '@mobileone/sdk'
import { readGolden, readGoldenFloat32 } from '@mobileone/testkit'

/** The logits that the network of a reference file gives for `input` of `shape`. */
export async function logitsOf(
  backend: Backend,
  file: string,
  input: Float32Array,
  shape: readonly number[],
  fold = true,
): Promise<Float32Array> {
  const loaded = withBatch(
    modelFromCheckpoint(readCheckpoint(readGolden(file)), { size: [shape[2] ?? 0, shape[3] ?? 0] }),
    shape[0] ?? 1,
  )
  const executor = await backend.compile(fold ? reparameterize(loaded) : loaded)
  try {
    return (await executor.run({ image: tensor(shape, input) })).logits?.data as Float32Array
  } finally {
    await executor.dispose()
  }
}

/** The largest difference of an element. */
export const difference = (a: Float32Array, b: Float32Array): number =>
  maxAbsDifference(tensor([a.length], a), tensor([b.length], b))

/** How far S0 from `file` is from PyTorch's logits of the reference input, and the class it takes it for. */
export async function s0Against(
  backend: Backend,
  file: string,
): Promise<{ readonly difference: number; readonly best: number }> {
  const found = await logitsOf(backend, file, readGoldenFloat32('s0-input-1x3x224x224.f32'), [1, 3, 224, 224])
  return {
    difference: difference(found, readGoldenFloat32('s0-logits-1000.f32')),
    best: found.indexOf(Math.max(...found)),
  }
}
