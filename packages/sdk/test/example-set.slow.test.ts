import { random } from '@mobileone/core'
import { goldenPath, lacking, type PhotographReference, readGoldenJson } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { ExampleSet, type Head } from '../src/head/index.ts'
import { createClassifier } from '../src/index.ts'

/** Photographs of many ImageNet classes under wider labels. */
const subjects: Readonly<Record<string, (index: number) => boolean>> = {
  dog: (index) => index >= 151 && index <= 268,
  bird: (index) =>
    (index >= 7 && index <= 24) || (index >= 80 && index <= 100) || (index >= 127 && index <= 146),
  food: (index) => index >= 924 && index <= 969,
}

describe.skipIf(lacking('golden'))('examples of photographs, real S0', () => {
  it('are learned one picture after the other, and a head of 12 kB comes back on its backbone', async () => {
    const { images } = readGoldenJson<PhotographReference>('imagenet-sample', 'reference.json')
    await using classifier = await createClassifier({ model: goldenPath('mobileone_s0_unfused.pth.tar') })
    const set = new ExampleSet(classifier)
    const unseen: (readonly [string, string])[] = []
    for (const [name, belongs] of Object.entries(subjects)) {
      const files = images
        .filter(({ label }) => belongs(label))
        .map(({ file }) => goldenPath('imagenet-sample', file))
      await set.addExample(name, files.slice(0, 6))
      unseen.push(...files.slice(6, 14).map((file) => [name, file] as const))
    }
    const head = await set.fit()
    expect(head.toBytes().length).toBeLessThan(14_500)
    await using mine = await classifier.withHead(head)
    const found = await mine.classify(
      unseen.map(([, file]) => file),
      { topK: 1 },
    )
    const right = found.filter(([best], i) => best?.label === unseen[i]?.[0]).length / unseen.length
    const extra = await set.fit({ crossValidate: false })
    expect(extra.report?.iterations).toBeLessThan(head.report?.iterations as number)
    console.log(
      `S0, 6 photographs of each of 3: ${(100 * right).toFixed(1)} % of ${unseen.length} others; file ${head.toBytes().length} bytes; ${JSON.stringify(head.report)}`,
    )
    expect(right).toBeGreaterThan(0.75)
    await using fused = await createClassifier({ model: goldenPath('mobileone_s0.pth.tar') })
    await using same = await fused.withHead(structuredClone(head) as Head)
    const [, file] = unseen[0] as readonly [string, string]
    const [a, b] = [await same.logits(file), await mine.logits(file)]
    for (const [k, logit] of a.entries()) expect(logit).toBeCloseTo(b[k] as number, 2)
  })

  it('are refitted: 5 classes of 30', async () => {
    const { images } = readGoldenJson<PhotographReference>('imagenet-sample', 'reference.json')
    await using classifier = await createClassifier({ model: goldenPath('mobileone_s0.pth.tar') })
    const embeddings = await classifier.embed(
      images.slice(0, 25).map(({ file }) => goldenPath('imagenet-sample', file)),
    )
    const set = new ExampleSet(classifier)
    const source = random(4)
    for (let i = 0; i < 150; i++) {
      const from = embeddings[(i % 5) * 5 + source.integer(0, 4)] as Float32Array
      set.addEmbedding(
        `class ${i % 5}`,
        from.map((value) => Math.max(0, value + 0.1 * source.normal())),
      )
    }
    const timed = async (options?: { readonly crossValidate: boolean }): Promise<string> => {
      const start = process.cpuUsage()
      const { report } = await set.fit(options)
      const { user, system } = process.cpuUsage(start)
      expect(report?.converged).toBe(true)
      return `${((user + system) / 1000).toFixed(0)} ms of CPU, ${report?.milliseconds.toFixed(0)} ms, ${report?.iterations} iterations`
    }
    const full = await timed()
    set.addEmbedding('class 0', embeddings[3] as Float32Array)
    console.log(
      `5 classes of 30, ${set.bytes} bytes: ${full}; one more, without cross-validation: ${await timed({ crossValidate: false })}`,
    )
  })
})
