import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { type Model, tensor, withInputs } from '@mobileone/core'
import {
  checkLogits,
  lacking,
  readGolden,
  readGoldenFloat32,
  readGoldenJson,
  smallModels,
} from '@mobileone/testkit'
import { describe, expect, test } from 'vitest'
import { type GpuOutput, webgpu } from '../src/index.ts'
import { gpu } from './gpu.ts'

const load = (file: string): Model => modelFromCheckpoint(readCheckpoint(readGolden(...file.split('/'))))

describe.skipIf(lacking('golden') || !gpu)('PyTorch’s logits in Node', () => {
  test('the real S0 with the kernels of a GPU: to 1e-3, the same classes, at most 46 dispatches', async () => {
    const device = (await (await gpu!.requestAdapter())?.requestDevice())!
    // Chromium runs it with the kernels of a software adapter.
    Object.defineProperty(device, 'adapterInfo', { value: { vendor: 'test' } })
    const executor = await webgpu({ device }).compile(load('mobileone_s0.pth.tar'))
    expect(executor.steps.length).toBeLessThanOrEqual(46)
    const stored = {
      file: 's0-input-1x3x224x224.f32',
      input: readGoldenFloat32('s0-input-1x3x224x224.f32'),
      logits: readGoldenFloat32('s0-logits-1000.f32'),
    }
    const { logits } = await executor.run({ image: tensor([1, 3, 224, 224], stored.input) })
    const check = checkLogits(stored, logits!.data)
    expect(check).toMatchObject({ sameTop5: true })
    expect(check.maxAbsError).toBeLessThan(1e-3)
    const onGpu = await executor.runOnGpu({ image: tensor([1, 3, 224, 224], stored.input) })
    expect(checkLogits(stored, await read(device, onGpu.logits!)).maxAbsError).toBeLessThan(1e-3)
    await executor.dispose()
    device.destroy()
  }, 300_000)
})

describe.skipIf(lacking('golden') || !gpu)('PyTorch’s logits of small models in Node', () => {
  test.each(smallModels.map((name) => `${name}.unfused`))(
    '%s',
    async (file) => {
      const [name] = file.split('.') as [string]
      const { config, input } = readGoldenJson<{ config: { num_classes: number }; input: number[] }>(
        'small',
        `${name}.json`,
      )
      const model = withInputs(load(`small/${file}.pth.tar`), { image: input })
      const executor = await webgpu({ gpu: gpu! }).compile(model)
      const logits = (
        await executor.run({ image: tensor(input, readGoldenFloat32('small', `${name}.input.f32`)) })
      ).logits!
      await executor.dispose()
      const wanted = readGoldenFloat32('small', `${name}.logits.f32`)
      expect(logits.shape).toEqual([input[0], config.num_classes])
      expect(Math.max(...logits.data.map((x, i) => Math.abs(x - wanted[i]!)))).toBeLessThan(1e-3)
    },
    300_000,
  )
})

async function read(device: GPUDevice, { buffer, offset, bytes }: GpuOutput): Promise<Float32Array> {
  const [mapRead, copyDestination] = [1, 8]
  const staging = device.createBuffer({ size: bytes, usage: mapRead | copyDestination })
  const encoder = device.createCommandEncoder()
  encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes)
  device.queue.submit([encoder.finish()])
  await staging.mapAsync(1)
  return new Float32Array(staging.getMappedRange().slice(0))
}
