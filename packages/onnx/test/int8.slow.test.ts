import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { type Model, quantize, type Tensor, tensor } from '@mobileone/core'
import { lacking, readGolden, readGoldenMiddle } from '@mobileone/testkit'
import { describe, expect, test } from 'vitest'
import { fromOnnx, toOnnx } from '../src/index.ts'
import { expectClose, runOnnx, runReference, runtimes } from './support/run.ts'

describe.skipIf(lacking('golden'))('S0 in int8', () => {
  const image = (): Tensor => tensor([1, 3, 96, 96], readGoldenMiddle(96))
  const float = (): Model =>
    modelFromCheckpoint(readCheckpoint(readGolden('mobileone_s0.pth.tar')), { size: [96, 96] })

  test('takes a quarter of the file, and its logits are those of our integers', async () => {
    const samples = [{ image: image() }]
    const { model } = await quantize(float(), { samples, floatShare: 0 })
    const bytes = toOnnx(model)
    expect(bytes.length).toBeLessThan(2_310_000)
    expect(fromOnnx(bytes).weights).toEqual(model.weights)
    const { logits: wanted } = await runReference(model, samples[0]!)
    for (const runtime of runtimes) {
      const { logits } = await runOnnx(runtime, bytes, samples[0]!)
      const best = (values: Float32Array): number => values.indexOf(Math.max(...values))
      expect(best(logits!.data)).toBe(best(wanted!.data))
      // A level next to the middle of two falls either way, and what follows with it.
      expect(decibels(logits!.data, wanted!.data), runtime).toBeGreaterThan(22)
    }
  }, 600_000)

  test('with int8 weights alone gives the logits of our float32 arithmetic on them', async () => {
    const { model } = await quantize(float(), { samples: [{ image: image() }], activations: false })
    const wanted = await runReference(model, { image: image() })
    for (const runtime of runtimes) {
      expectClose(await runOnnx(runtime, toOnnx(model), { image: image() }), wanted, 1e-4, runtime)
    }
  }, 600_000)
})

function decibels(got: Float32Array, wanted: Float32Array): number {
  const [signal, noise] = [wanted, wanted.map((value, index) => value - got[index]!)].map((values) =>
    values.reduce((sum, value) => sum + value ** 2, 0),
  )
  return 10 * Math.log10(signal! / noise!)
}
