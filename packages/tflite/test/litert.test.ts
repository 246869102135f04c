import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { type Model, reference, type Tensor, tensor, withBatch } from '@mobileone/core'
import { lacking, readGolden, readGoldenFloat32 } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toTflite } from '../src/index.ts'
import { type LiteRt, openLiteRt } from './support/litert.ts'
import { convolution, deploy, network, noise } from './support/models.ts'

const map = [1, 6, 9, 7]
const models: Readonly<Record<string, Model>> = {
  'a dense convolution': convolution(map, [5, 6, 3, 3], { padding: [1, 1] }),
  'no padding, an even kernel': convolution(map, [5, 6, 2, 4]),
  'padding that is not SAME': convolution(map, [5, 6, 3, 3], { padding: [2, 0] }),
  'a stride': convolution(map, [5, 6, 3, 3], { padding: [1, 1], stride: [2, 2] }),
  'a stride without padding': convolution(map, [5, 6, 1, 1], { stride: [2, 1] }),
  'a dilation that keeps the size': convolution(map, [5, 6, 3, 3], { padding: [2, 2], dilation: [2, 2] }),
  'a dilation that does not': convolution(map, [5, 6, 3, 3], { padding: [1, 1], dilation: [2, 1] }),
  'a depthwise convolution': convolution(map, [6, 1, 3, 3], { padding: [1, 1], groups: 6 }),
  'a depthwise convolution with two filters a channel': convolution(map, [12, 1, 3, 3], {
    padding: [1, 1],
    stride: [2, 2],
    groups: 6,
  }),
  'relu, add and mul': network(map, [
    { op: 'relu', name: 'r', inputs: ['image'] },
    { op: 'add', name: 's', inputs: ['r', 'image'] },
    { op: 'mul', name: 'm', inputs: ['s', 'image'] },
  ]),
  'silu, and a gate per channel': network(map, [
    { op: 'silu', name: 'a', inputs: ['image'] },
    { op: 'globalAvgPool', name: 'p', inputs: ['a'] },
    { op: 'sigmoid', name: 'g', inputs: ['p'] },
    { op: 'mul', name: 'm', inputs: ['a', 'g'] },
  ]),
  'a head of two layers and a softmax': network(
    map,
    [
      { op: 'globalAvgPool', name: 'p', inputs: ['image'] },
      { op: 'flatten', name: 'f', inputs: ['p'] },
      { op: 'linear', name: 'a', inputs: ['f'], weight: 'a.weight', bias: 'a.bias' },
      { op: 'relu', name: 'r', inputs: ['a'] },
      { op: 'linear', name: 'b', inputs: ['r'], weight: 'b.weight' },
      { op: 'softmax', name: 'y', inputs: ['b'] },
    ],
    { 'a.weight': [8, 6], 'a.bias': [8], 'b.weight': [5, 8] },
  ),
  'a MobileOne with squeeze-and-excite': deploy,
  'a batch of two': withBatch(deploy, 2),
}

async function runReference(model: Model, input: Tensor): Promise<Tensor> {
  const [inputName = ''] = Object.keys(model.inputs)
  await using executor = await reference().compile(model)
  const [output] = Object.values(await executor.run({ [inputName]: input }))
  return output as Tensor
}

function expectClose(got: Tensor, wanted: Tensor, tolerance: number): void {
  expect(got.shape).toEqual(wanted.shape)
  const scale = wanted.data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1)
  for (const [index, value] of wanted.data.entries()) {
    const difference = Math.abs((got.data[index] as number) - value)
    expect(difference <= tolerance * scale, `element ${index}: ${got.data[index]}, not ${value}`).toBe(true)
  }
}

describe.skipIf(lacking('chromium'))('LiteRT.js runs', () => {
  let litert: LiteRt
  beforeAll(async () => {
    litert = await openLiteRt()
  })
  afterAll(() => litert?.close())

  it.each(Object.entries(models))('%s', async (_, model) => {
    const [{ shape } = { shape: [] }] = Object.values(model.inputs)
    const input = noise(shape, 77)
    expectClose(await litert.run(toTflite(model), input), await runReference(model, input), 1e-5)
  })

  it.skipIf(lacking('golden'))("S0, to PyTorch's logits", async () => {
    const model = modelFromCheckpoint(readCheckpoint(readGolden('mobileone_s0.pth.tar')))
    const input = tensor([1, 3, 224, 224], readGoldenFloat32('s0-input-1x3x224x224.f32'))
    const wanted = tensor([1, 1000], readGoldenFloat32('s0-logits-1000.f32'))
    expectClose(await litert.run(toTflite(model), input), wanted, 1e-5)
  })
})
