import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import {
  elementCount,
  type Model,
  maxAbsDifference,
  reference,
  reparameterize,
  type Tensor,
  type Tensors,
  tensor,
} from '@mobileone/core'
import {
  goldenPath,
  lacking,
  readGolden,
  readGoldenFloat32,
  readGoldenJson,
  smallModels,
} from '@mobileone/testkit'
import { describe, expect, test } from 'vitest'
import { fromCoreML, interpretPackage, toCoreML } from '../src/index.ts'
import { readPackage } from '../src/node.ts'

const names = ['k1', 'se'] as const

async function golden(name: string, form: string): Promise<Awaited<ReturnType<typeof readPackage>>> {
  return await readPackage(goldenPath('coreml', `${name}-${form}.mlpackage`))
}

/** The first item of the small model's batch. */
function sample(name: string, model: Model): { inputs: Tensors; logits: Tensor } {
  const [input] = Object.entries(model.inputs)
  if (!input) throw new Error('no input')
  const [key, { shape }] = input
  const data = readGoldenFloat32('small', `${name}.input.f32`).slice(0, elementCount(shape))
  return {
    inputs: { [key]: tensor(shape, data) },
    logits: tensor([1, 10], readGoldenFloat32('small', `${name}.logits.f32`).slice(0, 10)),
  }
}

describe.skipIf(lacking('golden'))('packages made by coremltools', () => {
  test.each(names)(
    '%s: the float32 program gives the logits of PyTorch, interpreted and read as a model',
    async (name) => {
      const source = await golden(name, 'array-fp32')
      const model = fromCoreML(source)
      const { inputs, logits } = sample(name, model)
      await using interpreted = interpretPackage(source)
      const { logits: direct } = await interpreted.run(inputs)
      await using executor = await reference().compile(model)
      const { logits: read } = await executor.run(inputs)
      for (const output of [direct, read]) {
        expect(output?.shape).toEqual([1, 10])
        expect(maxAbsDifference(output as Tensor, logits)).toBeLessThan(1e-5)
      }
    },
  )

  test.each(names)(
    '%s: float16 and int8 classifiers read as models with labels and preprocessing',
    async (name) => {
      for (const [form, tolerance] of [
        ['image-fp16', 0.02],
        ['image-int8', 0.2],
      ] as const) {
        const model = fromCoreML(await golden(name, form))
        expect(model.card?.labels).toEqual(Array.from({ length: 10 }, (_, index) => `class_${index}`))
        expect(model.card?.preprocess?.std[0]).toBeCloseTo(0.226, 5)
        expect(model.card?.preprocess?.mean[1]).toBeCloseTo(0.456, 2)
        expect(Object.keys(model.outputs)).toEqual(['logits'])
        const { inputs, logits } = sample(name, model)
        await using executor = await reference().compile(model)
        const { logits: got } = await executor.run(inputs)
        const scale = logits.data.reduce((most, value) => Math.max(most, Math.abs(value)), 1)
        expect(maxAbsDifference(got as Tensor, logits) / scale).toBeLessThan(tolerance)
      }
    },
  )

  test.each(names)('%s: the interpreter runs classifiers from pixels', async (name) => {
    const source = await golden(name, 'image-fp16')
    const model = fromCoreML(source)
    const { inputs, logits } = sample(name, model)
    const { mean = [], std = [] } = model.card?.preprocess ?? {}
    const [key, input] = Object.entries(inputs)[0] as [string, Tensors[string]]
    const plane = elementCount(input.shape.slice(2))
    const pixels = input.data.map((value, index) => {
      const channel = Math.floor(index / plane) % 3
      return 255 * (value * (std[channel] as number) + (mean[channel] as number))
    })
    await using executor = interpretPackage(source)
    const { classLabel_probs: probabilities } = await executor.run({ [key]: tensor(input.shape, pixels) })
    const powers = logits.data.map((value) => Math.exp(value))
    const sum = powers.reduce((total, value) => total + value, 0)
    const expected = powers.map((value) => value / sum)
    expect(maxAbsDifference(probabilities as Tensor, tensor([1, 10], expected))).toBeLessThan(2e-3)
  })
})

describe.skipIf(lacking('golden'))('the small models, written here', () => {
  test.each(smallModels)('%s reads back equal and gives the logits of PyTorch', async (name) => {
    const { input } = readGoldenJson<{ input: readonly number[] }>('small', `${name}.json`)
    const [, channels = 0, height = 0, width = 0] = input
    for (const file of [`${name}.fused.pth.tar`, `${name}.unfused.pth.tar`]) {
      const checkpoint = readCheckpoint(readGolden('small', file))
      const model = reparameterize(modelFromCheckpoint(checkpoint, { size: [height, width] }))
      const made = toCoreML(model, { precision: 'float32', input: 'array', output: 'values' })
      const { training: _, ...card } = model.card ?? {}
      expect(fromCoreML(made)).toEqual({ ...model, card, config: undefined })
      await using executor = interpretPackage(made)
      const pixels = readGoldenFloat32('small', `${name}.input.f32`).slice(0, channels * height * width)
      const { logits } = await executor.run({ image: tensor([1, channels, height, width], pixels) })
      const wanted = readGoldenFloat32('small', `${name}.logits.f32`).slice(0, logits?.data.length)
      expect(maxAbsDifference(logits as Tensor, tensor([1, wanted.length], wanted)), file).toBeLessThan(1e-5)
    }
  })
})
