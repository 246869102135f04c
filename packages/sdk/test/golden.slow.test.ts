import { reference } from '@mobileone/sdk'
import {
  goldenPath,
  lacking,
  type PhotographReference,
  readGoldenFloat32,
  readGoldenJson,
} from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { createClassifier } from '../src/index.ts'
import { difference, s0Against } from './golden-logits.ts'

describe.skipIf(lacking('golden'))("PyTorch's outputs", () => {
  it('reference S0 from mobileone_s0_unfused.pth.tar', async () => {
    const { difference, best } = await s0Against(reference(), 'mobileone_s0_unfused.pth.tar')
    expect(difference).toBeLessThan(2e-4)
    expect(best).toBe(957)
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
