import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { type Model, tensor, withInputs } from '@mobileone/core'
import { hasGolden, readGolden, readGoldenFloat32, readGoldenJson, smallModels } from '@mobileone/testkit'
import { describe, expect, test } from 'vitest'
import { webgpu } from '../src/index.ts'
import { gpu } from './gpu.ts'

const load = (file: string): Model => modelFromCheckpoint(readCheckpoint(readGolden(...file.split('/'))))

describe.skipIf(!hasGolden || !gpu)('PyTorch’s logits in Node', () => {
  test('the real S0: to 1e-3, the same classes, at most 46 dispatches', async () => {
    const executor = await webgpu({ gpu: gpu! }).compile(load('mobileone_s0.pth.tar'))
    const image = tensor([1, 3, 224, 224], readGoldenFloat32('s0-input-1x3x224x224.f32'))
    const wanted = readGoldenFloat32('s0-logits-1000.f32')
    const logits = (await executor.run({ image })).logits!.data
    expect(executor.steps.length).toBeLessThanOrEqual(46)
    expect(Math.max(...logits.map((x, i) => Math.abs(x - wanted[i]!)))).toBeLessThan(1e-3)
    expect(top5(logits)).toEqual(top5(wanted))
    await executor.dispose()
  })
})

describe.skipIf(!hasGolden || !gpu)('PyTorch’s logits of small models in Node', () => {
  test.each(smallModels.flatMap((name) => [`${name}.fused`, `${name}.unfused`]))('%s', async (file) => {
    const [name] = file.split('.') as [string]
    const { config, input } = readGoldenJson<{ config: { num_classes: number }; input: number[] }>(
      'small',
      `${name}.json`,
    )
    const model = withInputs(load(`small/${file}.pth.tar`), { image: input })
    const executor = await webgpu({ gpu: gpu!, verify: true }).compile(model)
    const logits = (
      await executor.run({ image: tensor(input, readGoldenFloat32('small', `${name}.input.f32`)) })
    ).logits!
    await executor.dispose()
    const wanted = readGoldenFloat32('small', `${name}.logits.f32`)
    expect(logits.shape).toEqual([input[0], config.num_classes])
    expect(Math.max(...logits.data.map((x, i) => Math.abs(x - wanted[i]!)))).toBeLessThan(1e-3)
  })
})

function top5(logits: Float32Array): readonly number[] {
  return [...logits.keys()].sort((a, b) => logits[b]! - logits[a]!).slice(0, 5)
}
