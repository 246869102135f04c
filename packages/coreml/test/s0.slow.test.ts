import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import {
  floatWeight,
  type Model,
  maxAbsDifference,
  type Preprocess,
  type Tensor,
  tensor,
} from '@mobileone/core'
import {
  goldenPath,
  lacking,
  type PhotographReference,
  readGolden,
  readGoldenFloat32,
  readGoldenJson,
} from '@mobileone/testkit'
import { preprocess } from '@mobileone/vision'
import { describe, expect, test } from 'vitest'
import { fromCoreML, interpretPackage, toCoreML } from '../src/index.ts'

/** How many of the photographs are classified, spread over all of them: MOBILEONE_PHOTOGRAPHS=250 takes every one. */
const wanted = Number(process.env.MOBILEONE_PHOTOGRAPHS ?? 40)

const rule: Preprocess = {
  size: [224, 224],
  resize: 256,
  interpolation: 'bilinear',
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
}

describe.skipIf(lacking('golden'))('the real S0', () => {
  const load = (): Model => modelFromCheckpoint(readCheckpoint(readGolden('mobileone_s0.pth.tar')))
  const arrays = { input: 'array', output: 'values' } as const

  test('float32: the logits of PyTorch, and an equal model back', async () => {
    const model = load()
    const made = toCoreML(model, { ...arrays, precision: 'float32' })
    await using executor = interpretPackage(made)
    const image = tensor([1, 3, 224, 224], readGoldenFloat32('s0-input-1x3x224x224.f32'))
    const { logits } = await executor.run({ image })
    const expected = tensor([1, 1000], readGoldenFloat32('s0-logits-1000.f32'))
    expect(maxAbsDifference(logits as Tensor, expected)).toBeLessThan(1e-3)
    const read = fromCoreML(made)
    expect(read.nodes).toEqual(model.nodes)
    expect(Object.keys(read.weights).sort()).toEqual(Object.keys(model.weights).sort())
    for (const name of Object.keys(model.weights)) {
      expect(maxAbsDifference(floatWeight(read, name), floatWeight(model, name)), name).toBe(0)
    }
  }, 120_000)

  test.each([
    ['float16', 0.995],
    ['int8', 0.95],
  ] as const)(
    '%s: the class that float32 finds on photographs, on a share of at least %d',
    async (precision, share) => {
      const { images } = readGoldenJson<PhotographReference>('imagenet-sample', 'reference.json')
      const step = Math.max(1, Math.floor(images.length / wanted))
      const chosen = images.filter((_, index) => index % step === 0).slice(0, wanted)
      await using executor = interpretPackage(toCoreML(load(), { ...arrays, precision }))
      let same = 0
      for (const { file, top5 } of chosen) {
        const image = await preprocess(goldenPath('imagenet-sample', file), rule)
        const scores = (await executor.run({ image })).logits?.data as Float32Array
        if (scores.indexOf(Math.max(...scores)) === top5[0]) same++
      }
      console.log(
        `${precision}: top-1 as PyTorch has it in float32 on ${same} of ${chosen.length} photographs`,
      )
      expect(same).toBeGreaterThanOrEqual(Math.ceil(share * chosen.length))
    },
    3_600_000,
  )
})
