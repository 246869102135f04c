import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { type Model, tensor } from '@mobileone/core'
import { hasGolden, readGolden, readGoldenFloat32 } from '@mobileone/testkit'
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
    if (process.env.TIMES) {
      const times: number[] = []
      for (let i = 0; i < 3; i++) {
        const start = performance.now()
        await executor.run({ image })
        times.push(performance.now() - start)
      }
      const profile = await executor.profile!({ image })
      console.log(executor.steps.length, executor.memory.bytes, times)
      console.log(
        profile
          .map(({ step, ms }) => `${executor.steps[step]!.node} ${executor.steps[step]!.kernel} ${ms}`)
          .join('\n'),
      )
    }
    await executor.dispose()
  })
})

function top5(logits: Float32Array): readonly number[] {
  return [...logits.keys()].sort((a, b) => logits[b]! - logits[a]!).slice(0, 5)
}
