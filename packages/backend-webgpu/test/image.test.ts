import type { Preprocess } from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { webgpu } from '../src/index.ts'
import { imageKernel } from '../src/kernels/image.ts'
import { fakeDevice } from './fake-device.ts'
import { model } from './models.ts'

const rule: Preprocess = {
  ...{ size: [4, 6], resize: 8, interpolation: 'bilinear' },
  ...{ mean: [0.5, 0.25, 0], std: [1, 0.5, 0.25] },
}

describe('images on a device that computes nothing', () => {
  test.each(['bilinear', 'bicubic'] as const)('the text of the kernel, %s', async (interpolation) => {
    await expect(imageKernel({ ...rule, interpolation })).toMatchFileSnapshot(
      `wgsl/image-${interpolation}.wgsl`,
    )
  })

  test('the text of the kernel for a turned picture in a letterbox', async () => {
    const surroundings = { rotate: 270, flip: true, padding: [124, 116, 104] } as const
    await expect(imageKernel(rule, surroundings)).toMatchFileSnapshot('wgsl/image-turned.wgsl')
  })

  test('framing that cannot be followed is refused', async () => {
    const given = model([1, 3, ...rule.size], [{ op: 'relu', name: 'y', inputs: ['x'] }])
    const executor = await webgpu({ device: fakeDevice().device }).compile(given)
    const source = { width: 30, height: 20 } as ImageBitmap
    await expect(executor.runImage(source, rule, { rotate: 45 as never })).rejects.toThrow(/^rotate must be/)
  })

  test('a rule that does not fit the model is refused', async () => {
    const given = model([1, 3, 4, 5], [{ op: 'relu', name: 'y', inputs: ['x'] }])
    const executor = await webgpu({ device: fakeDevice().device }).compile(given)
    const source = { width: 3, height: 3 } as ImageBitmap
    await expect(executor.runImage(source, rule)).rejects.toThrow(/4 x 6.*does not fit.*x \[1,3,4,5\]/)
    for (const wrong of [{ std: [1, 0, 1] }, { mean: [0, Number.NaN, 0] }]) {
      const fitting = { ...rule, ...wrong, size: [4, 5] as const }
      await expect(executor.runImage(source, fitting)).rejects.toThrow(/must be finite numbers/)
    }
  })
})
