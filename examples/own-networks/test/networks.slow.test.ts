import { webgpu } from '@mobileone/backend-webgpu'
import { reference } from '@mobileone/sdk'
import { it } from 'vitest'
import { gpu } from '../../../packages/backend-webgpu/test/gpu.ts'
import { expectClose, networks, run } from './networks.ts'

it.skipIf(!gpu).each(['detector', 'segmenter'] as const)('the %s runs on WebGPU', async (name) => {
  const device = await (await gpu?.requestAdapter())?.requestDevice()
  const found = await run(webgpu({ device: device as GPUDevice }), networks[name])
  expectClose(found, await run(reference(), networks[name]), 1e-4)
  device?.destroy()
})
