import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { type Model, reference, withBatch, withOutputs } from '@mobileone/core'
import { lacking, readGolden, readGoldenFloat32 } from '@mobileone/testkit'
import { describe, expect, test } from 'vitest'
import { wasm } from '../src/index.ts'
import { distance } from './distance.ts'
import { expectLittleMemory } from './little-memory.ts'
import { image, network } from './networks.ts'
import { expectLogitsOfReference, run } from './reference-logits.ts'

describe('whole networks against the reference', () => {
  test('s0, deploy form, 64 pixels', () => expectLogitsOfReference('s0', 'deploy', 64))

  test('feature maps of every stage, a batch of 3', async () => {
    const taps = {
      stem: 'stem.relu',
      one: 'stage1.3.relu',
      three: 'stage3.19.relu',
      pool: 'pool',
      logits: 'head',
    }
    const model = withOutputs(withBatch(network('s0', 33), 3), taps)
    const inputs = image(model, 4)
    const [ours, oracle] = [
      await (await wasm().compile(model)).run(inputs),
      await (await reference().compile(model)).run(inputs),
    ]
    for (const name of Object.keys(taps)) {
      expect(ours[name]!.shape).toEqual(oracle[name]!.shape)
      expect(distance(ours[name]!.data, oracle[name]!.data), name).toBeLessThan(1e-4)
    }
  })
})

describe.skipIf(lacking('golden'))('the real S0', () => {
  const load = (): Model => modelFromCheckpoint(readCheckpoint(readGolden('mobileone_s0.pth.tar')))
  test('gives the logits of PyTorch to 1e-4, with every build and several threads', async () => {
    const data = readGoldenFloat32('s0-input-1x3x224x224.f32')
    const inputs = { image: { dtype: 'float32', shape: [1, 3, 224, 224], data } } as const
    const expected = readGoldenFloat32('s0-logits-1000.f32')
    for (const options of [{}, { simd: 'plain' }, { threads: 2 }] as const) {
      const logits = await run(await wasm(options).compile(load()), inputs)
      const worst = Math.max(...logits.map((x, i) => Math.abs(x - expected[i]!)))
      expect(worst, JSON.stringify(options)).toBeLessThan(1e-4)
    }
  })
})

describe('memory', () => {
  test.each(['s0', 's1'] as const)(
    '%s needs its weights, its activations and little else',
    expectLittleMemory,
  )
})
