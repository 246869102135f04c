import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { type Model, tensor, withBatch, withInputs } from '@mobileone/core'
import { lacking, readGolden, readGoldenFloat32, readGoldenJson } from '@mobileone/testkit'
import { describe, expect, test } from 'vitest'
import { fromOnnx, toOnnx } from '../src/index.ts'
import { difference, maxAbsError, runOnnx, runReference, runtimes } from './support/run.ts'

function load(name: string): Model {
  return modelFromCheckpoint(readCheckpoint(readGolden(name)))
}

describe.skipIf(lacking('golden'))('golden models, as PyTorch runs them', () => {
  test.each(
    ['k1', 'k4-odd', 'se'].flatMap((name) => ['fused', 'unfused'].map((form) => [name, form] as const)),
  )('small/%s, %s', async (name, form) => {
    const { input: shape } = readGoldenJson<{ input: number[] }>('small', `${name}.json`)
    const model = withInputs(load(`small/${name}.${form}.pth.tar`), { image: shape })
    const image = tensor(shape, readGoldenFloat32(`small/${name}.input.f32`))
    const wanted = readGoldenFloat32(`small/${name}.logits.f32`)
    const bytes = toOnnx(model)
    for (const runtime of runtimes) {
      const { logits } = await runOnnx(runtime, bytes, { image })
      expect(difference(logits!.data, wanted), runtime).toBeLessThan(1e-5)
    }
    const { logits } = await runReference(fromOnnx(bytes), { image })
    expect(difference(logits!.data, wanted)).toBeLessThan(1e-5)
  })

  test.each(['mobileone_s0.pth.tar', 'mobileone_s0_unfused.pth.tar'])(
    'S0 from %s',
    async (file) => {
      const model = load(file)
      const image = tensor([1, 3, 224, 224], readGoldenFloat32('s0-input-1x3x224x224.f32'))
      const pytorch = readGoldenFloat32('s0-logits-1000.f32')
      const bytes = toOnnx(model)
      for (const runtime of runtimes) {
        const { logits } = await runOnnx(runtime, bytes, { image })
        expect(maxAbsError(logits!.data, pytorch), runtime).toBeLessThan(1e-4)
        expect(logits!.data.indexOf(Math.max(...logits!.data)), runtime).toBe(957)
      }
      const read = fromOnnx(bytes)
      expect(Object.keys(read.weights).sort()).toEqual(Object.keys(model.weights).sort())
      for (const [weightName, { data }] of Object.entries(read.weights)) {
        const wrong = data.findIndex((value, index) => value !== model.weights[weightName]!.data[index])
        expect(wrong, weightName).toBe(-1)
      }
    },
    180_000,
  )

  test('S0 for a batch of any size, with probabilities', async () => {
    const bytes = toOnnx(load('mobileone_s0.pth.tar'), { dynamicBatch: true, softmax: true })
    const one = readGoldenFloat32('s0-input-1x3x224x224.f32')
    const image = tensor([2, 3, 224, 224], Float32Array.from([...one, ...one]))
    const { probabilities } = await runOnnx('onnxruntime-node', bytes, { image })
    expect(probabilities!.shape).toEqual([2, 1000])
    expect(probabilities!.data.indexOf(Math.max(...probabilities!.data.subarray(0, 1000)))).toBe(957)
    expect(withBatch(fromOnnx(toOnnx(load('mobileone_s0.pth.tar'))), 2).inputs.image?.shape[0]).toBe(2)
  })
})
