import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { maxAbsDifference, withBatch } from '@mobileone/core'
import { type Backend, profile, reference, reparameterize, tensor, wasm } from '@mobileone/sdk'
import {
  goldenPath,
  lacking,
  type PhotographReference,
  readGolden,
  readGoldenFloat32,
  readGoldenJson,
  smallModels,
} from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { createClassifier } from '../src/index.ts'

const backends: readonly (readonly [string, () => Backend])[] = [
  ['reference', reference],
  ['wasm', wasm],
]

async function logitsOf(
  backend: Backend,
  file: string,
  input: Float32Array,
  shape: readonly number[],
  fold = true,
): Promise<Float32Array> {
  const loaded = withBatch(
    modelFromCheckpoint(readCheckpoint(readGolden(file)), { size: [shape[2] ?? 0, shape[3] ?? 0] }),
    shape[0] ?? 1,
  )
  const executor = await backend.compile(fold ? reparameterize(loaded) : loaded)
  try {
    return (await executor.run({ image: tensor(shape, input) })).logits?.data as Float32Array
  } finally {
    await executor.dispose()
  }
}

const difference = (a: Float32Array, b: Float32Array): number =>
  maxAbsDifference(tensor([a.length], a), tensor([b.length], b))

describe.skipIf(lacking('golden'))("PyTorch's outputs", () => {
  describe.each(backends)('%s', (name, backend) => {
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

    const files = [
      ['mobileone_s0.pth.tar', 1e-4],
      ['mobileone_s0_unfused.pth.tar', 2e-4],
      ['timm_mobileone_s0.safetensors', 2e-4],
    ] as const
    // The reference takes seconds for each.
    it.each(name === 'reference' ? files.slice(1, 2) : files)('S0 from %s', async (file, tolerance) => {
      const found = await logitsOf(
        backend(),
        file,
        readGoldenFloat32('s0-input-1x3x224x224.f32'),
        [1, 3, 224, 224],
      )
      const expected = readGoldenFloat32('s0-logits-1000.f32')
      expect(difference(found, expected)).toBeLessThan(tolerance)
      expect(found.indexOf(Math.max(...found))).toBe(957)
    })
  })

  it('reads and folds the unfolded S0 into as many parameters as the published count', () => {
    const train = modelFromCheckpoint(readCheckpoint(readGolden('mobileone_s0_unfused.pth.tar')))
    expect(profile(train).params).toBe(5_293_272)
    expect(profile(reparameterize(train)).params).toBe(2_078_504)
  })

  it('gives the logits of the photographs, decoder and resize included', async () => {
    const { images, top1, top5 } = readGoldenJson<PhotographReference>('imagenet-sample', 'reference.json')
    const expected = readGoldenFloat32('imagenet-sample', 'reference-logits.f32')
    const classifier = await createClassifier({ model: goldenPath('mobileone_s0.pth.tar') })
    const differences: number[] = []
    let right1 = 0
    let right5 = 0
    for (const [index, { file, label }] of images.entries()) {
      const found = await classifier.logits(goldenPath('imagenet-sample', file), { orientation: 'ignore' })
      differences.push(difference(found, expected.subarray(1000 * index, 1000 * (index + 1))))
      const best = [...found.keys()].sort((a, b) => (found[b] as number) - (found[a] as number)).slice(0, 5)
      if (best[0] === label) right1++
      if (best.includes(label)) right5++
    }
    await classifier.dispose()
    const far = images.flatMap(({ file }, index) =>
      (differences[index] as number) < 0.1 ? [] : [`${file}: ${differences[index]}`],
    )
    expect(far).toEqual([])
    expect(differences.filter((value) => value < 0.03).length).toBeGreaterThanOrEqual(0.9 * images.length)
    expect(Math.abs(right1 / images.length - top1)).toBeLessThanOrEqual(0.004)
    expect(Math.abs(right5 / images.length - top5)).toBeLessThanOrEqual(0.004)
    console.log(
      `photographs: largest difference of a logit ${Math.max(...differences).toExponential(2)}, within 0.001 on ${differences.filter((value) => value < 0.001).length} of ${images.length}`,
    )
  })
})
