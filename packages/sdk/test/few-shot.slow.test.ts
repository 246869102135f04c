import { goldenPath, lacking, type PhotographReference, readGoldenJson } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { createClassifier } from '../src/index.ts'
import { accuracy } from './accuracy.ts'

/** Photographs of many ImageNet classes under new, wider labels: classes no output of the S0 stands for. */
const subjects: Readonly<Record<string, (index: number) => boolean>> = {
  dog: (index) => index >= 151 && index <= 268,
  bird: (index) =>
    (index >= 7 && index <= 24) || (index >= 80 && index <= 100) || (index >= 127 && index <= 146),
  vehicle: (index) => [565, 569, 573, 609, 661, 665, 705, 717, 757, 817, 829, 561].includes(index),
  food: (index) => index >= 924 && index <= 969,
}

describe.skipIf(lacking('golden'))('few-shot learning on photographs, real S0', () => {
  it('knows dogs, birds, vehicles and food from five photographs each', async () => {
    const { images } = readGoldenJson<PhotographReference>('imagenet-sample', 'reference.json')
    const all = Object.entries(subjects).map(
      ([name, belongs]) =>
        [
          name,
          images.filter(({ label }) => belongs(label)).map(({ file }) => goldenPath('imagenet-sample', file)),
        ] as const,
    )
    await using classifier = await createClassifier({ model: goldenPath('mobileone_s0_unfused.pth.tar') })
    const accuracies: number[] = []
    for (let start = 0; start < 2; start++) {
      const shots = all.map(
        ([name, files]) => [name, files.filter((_, i) => i % 2 === start).slice(0, 5)] as const,
      )
      await using mine = await classifier.fewShot(Object.fromEntries(shots))
      expect(mine.model.weights['head.weight']?.shape).toEqual([4, 1024])
      let sum = 0
      for (const [index, [name, files]] of all.entries()) {
        const held = files.filter((file) => !shots[index]?.[1].includes(file))
        sum += accuracy(await mine.classify(held, { topK: 1 }), name) / all.length
      }
      accuracies.push(sum)
      const { crossValidation, milliseconds } = mine.report
      console.log(
        `S0, 5 photographs of each of 4: ${(100 * sum).toFixed(1)} % on the others, ${(100 * (crossValidation?.accuracy ?? 0)).toFixed(1)} % in cross-validation; embedding ${milliseconds.embed.toFixed(0)} ms, fit ${milliseconds.fit.toFixed(0)} ms`,
      )
    }
    for (const value of accuracies) expect(value).toBeGreaterThan(0.75)
  })
})
