import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { normalInputs } from '@mobileone/conformance'
import { random, type Tensor, tensor } from '@mobileone/core'
import { lacking, readGolden, readGoldenFloat32 } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toTflite } from '../src/index.ts'
import { cases } from './support/cases.ts'
import { expectClose, inFloat16, runReference } from './support/compare.ts'
import { type LiteRt, openLiteRt } from './support/litert.ts'

describe.skipIf(lacking('chromium'))('LiteRT.js runs', () => {
  let litert: LiteRt
  beforeAll(async () => {
    litert = await openLiteRt()
  })
  afterAll(() => litert?.close())

  it.each(Object.entries(cases))('%s', async (_, model) => {
    const inputs = normalInputs(model, random(77))
    for (const storage of ['float32', 'float16'] as const) {
      const wanted = await runReference(storage === 'float16' ? inFloat16(model) : model, inputs)
      const got = await litert.run(toTflite(model, { storage }), inputs)
      expect(Object.keys(got).sort()).toEqual(Object.keys(wanted).sort())
      for (const [name, value] of Object.entries(wanted)) expectClose(got[name], value, 1e-5, storage)
    }
  })

  it.skipIf(lacking('golden'))("S0, to PyTorch's logits", async () => {
    const model = modelFromCheckpoint(readCheckpoint(readGolden('mobileone_s0.pth.tar')))
    const [name = ''] = Object.keys(model.inputs)
    const image = tensor([1, 3, 224, 224], readGoldenFloat32('s0-input-1x3x224x224.f32'))
    const wanted = tensor([1, 1000], readGoldenFloat32('s0-logits-1000.f32'))
    const { logits } = await litert.run(toTflite(model), { [name]: image })
    expectClose(logits as Tensor, wanted, 1e-5)
  })
})
