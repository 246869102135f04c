import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { type Backend, profile, reference, reparameterize, wasm } from '@mobileone/sdk'
import { lacking, readGolden, readGoldenFloat32, readGoldenJson, smallModels } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { difference, logitsOf, s0Against } from './golden-logits.ts'

const backends: readonly (readonly [string, () => Backend])[] = [
  ['reference', reference],
  ['wasm', wasm],
]

describe.skipIf(lacking('golden'))("PyTorch's outputs", () => {
  describe.each(backends)('%s', (_, backend) => {
    it.each(smallModels)(
      'small model %s, folded file, unfolded file folded here, and train form',
      async (name) => {
        const { input: shape } = readGoldenJson<{ input: number[] }>('small', `${name}.json`)
        const input = readGoldenFloat32('small', `${name}.input.f32`)
        const expected = readGoldenFloat32('small', `${name}.logits.f32`)
        for (const [file, fold] of [
          [`small/${name}.fused.pth.tar`, true],
          [`small/${name}.unfused.pth.tar`, true],
          [`small/${name}.unfused.pth.tar`, false],
        ] as const) {
          const found = await logitsOf(backend(), file, input, shape, fold)
          expect(difference(found, expected), `${file}, folded: ${fold}`).toBeLessThan(1e-5)
        }
      },
    )
  })

  it.each([
    ['mobileone_s0.pth.tar', 1e-4],
    ['mobileone_s0_unfused.pth.tar', 2e-4],
    ['timm_mobileone_s0.safetensors', 2e-4],
  ] as const)('wasm S0 from %s', async (file, tolerance) => {
    const { difference, best } = await s0Against(wasm(), file)
    expect(difference).toBeLessThan(tolerance)
    expect(best).toBe(957)
  })

  it('reads and folds the unfolded S0 into as many parameters as the published count', () => {
    const train = modelFromCheckpoint(readCheckpoint(readGolden('mobileone_s0_unfused.pth.tar')))
    expect(profile(train).params).toBe(5_293_272)
    expect(profile(reparameterize(train)).params).toBe(2_078_504)
  })
})
