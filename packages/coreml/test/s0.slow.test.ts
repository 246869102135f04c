import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import {
  floatWeight,
  type Model,
  maxAbsDifference,
  type Preprocess,
  quantize,
  reference,
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
const wanted = Number(process.env.MOBILEONE_PHOTOGRAPHS ?? 20)

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
    ['w8a7', true],
    ['w8', false],
  ] as const)(
    'in the int8 form (%s): near the logits of its weights and of its integers',
    async (form, activations) => {
      const inputs = { image: tensor([1, 3, 224, 224], readGoldenFloat32('s0-input-1x3x224x224.f32')) }
      const { model, report } = await quantize(load(), { samples: [inputs], activations, floatShare: 0 })
      expect(report.form).toBe(form)
      const made = toCoreML(model, arrays)
      const bytes = Object.values(made.files).reduce((sum, file) => sum + file.length, 0)
      expect(bytes).toBeLessThan(2_450_000)
      await using executor = interpretPackage(made)
      const got = (await executor.run(inputs)).logits as Tensor
      expect(got.data.indexOf(Math.max(...got.data))).toBe(957)
      const distances = []
      for (const precision of ['float32', 'int8'] as const) {
        await using exact = await reference({ precision }).compile(model)
        const { logits } = await exact.run(inputs)
        distances.push(decibels(got, logits as Tensor))
      }
      const [weights = 0, integers = 0] = distances
      console.log(
        `package of S0 (${form}, ${bytes} bytes): ${weights.toFixed(1)} dB from its weights in float32, ${integers.toFixed(1)} from its integers`,
      )
      // Values and scales are float16.
      expect(weights).toBeGreaterThan(30)
      expect(integers).toBeGreaterThan(activations ? 15 : 30)
    },
    600_000,
  )

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

/** The power of `wanted` over that of what `got` differs by. */
function decibels(got: Tensor, wanted: Tensor): number {
  let [signal, noise] = [0, 0]
  for (const [at, value] of wanted.data.entries()) {
    signal += value ** 2
    noise += (value - (got.data[at] as number)) ** 2
  }
  return 10 * Math.log10(signal / noise)
}
