import { initialize, type Model, mobileone, variants } from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { webgpu } from '../src/index.ts'
import { openDawn } from './gpu.ts'
import { conv, model } from './models.ts'

/** Dawn's null backend has shader-f16: it parses and checks the kernels, and computes nothing. */
const checker = await openDawn(['backend=null'])

describe.skipIf(!checker)('float16 storage: every kernel is valid WGSL', () => {
  const s0 = initialize(mobileone(variants.s0, { form: 'train' }), { seed: 1 })
  const s4 = initialize(mobileone(variants.s4, { form: 'deploy' }), { seed: 1 })
  const ops = model(
    [9, 6, 5, 5],
    [
      conv('grouped', 'x', { groups: 3 }),
      conv('dense', 'grouped', { padding: [1, 1] }),
      { op: 'gelu', name: 'gelu', inputs: ['x'] },
      { op: 'silu', name: 'silu', inputs: ['dense'] },
      { op: 'flatten', name: 'flat', inputs: ['silu'] },
      { op: 'linear', name: 'linear', inputs: ['flat'], weight: 'w' },
      { op: 'softmax', name: 'soft', inputs: ['linear'] },
      { op: 'mul', name: 'mul', inputs: ['gelu', 'x'] },
    ],
    {
      'grouped.weight': [6, 2, 3, 3],
      'grouped.bias': [6],
      'dense.weight': [5, 6, 3, 3],
      'dense.bias': [5],
      w: [7, 45],
    },
  )
  test('the checker refuses a kernel that is not', async () => {
    const adapter = await checker!.requestAdapter()
    const device = await adapter!.requestDevice({ requiredFeatures: ['shader-f16'] })
    const code = 'enable f16;\n@compute @workgroup_size(1) fn main() { let x: vec4<f16> = vec4f(); }'
    const module = device.createShaderModule({ code })
    const building = device.createComputePipelineAsync({ layout: 'auto', compute: { module } })
    await expect(building).rejects.toThrow()
    device.destroy()
  })

  const all: Readonly<Record<string, Model>> = {
    s0,
    s4,
    ops: { ...ops, outputs: { soft: 'soft', mul: 'mul' } },
  }
  test.each(Object.entries(all))('%s', async (_, given) => {
    const narrow = await webgpu({ gpu: checker!, precision: 'f16-storage' }).compile(given)
    const wide = await webgpu({ gpu: checker! }).compile(given)
    expect(narrow.memory.bytes).toBeLessThan(0.8 * wide.memory.bytes)
    await Promise.all([narrow.dispose(), wide.dispose()])
  })
})
