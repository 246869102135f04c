import { isMobileOneError, random } from '@mobileone/core'
import { goldenPath, lacking, type PhotographReference, readGoldenJson } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Embedder, ExampleSet, fitHead, type Head, loadExamples } from '../src/head/index.ts'
import { createClassifier, type LocalClassifier } from '../src/index.ts'
import { demoModel, drawing, drawings } from './drawings.ts'

describe('a set of examples on the embedded model', () => {
  let classifier: LocalClassifier
  beforeAll(async () => {
    classifier = await createClassifier({ model: demoModel })
  })
  afterAll(async () => {
    await classifier?.dispose()
  })

  const filled = async (): Promise<ExampleSet> => {
    const set = new ExampleSet(classifier)
    await set.addExample('disc', drawings('disc', 0, 6))
    await set.addExample('bars', drawings('bars', 0, 5))
    return set
  }

  it('fits the head that the same embeddings give at once, in the order classes came', async () => {
    const set = await filled()
    expect(set.classes).toEqual([
      { label: 'disc', examples: 6 },
      { label: 'bars', examples: 5 },
    ])
    const head = await set.fit()
    const [disc, bars] = [
      await classifier.embed(drawings('disc', 0, 6)),
      await classifier.embed(drawings('bars', 0, 5)),
    ]
    const { backbone } = classifier
    const once = await fitHead({ disc, bars }, { backbone })
    expect([head.labels, head.weight, head.bias]).toEqual([once.labels, once.weight, once.bias])
    expect(head.report?.crossValidation).toMatchObject({ pictures: 11, accuracy: expect.any(Number) })
    await using mine = await classifier.withHead(head)
    expect((await mine.classify(drawing('disc', 90), { topK: 1 }))[0]?.label).toBe('disc')
  })

  it('learns a class more, forgets one and renames one', async () => {
    const set = await filled()
    const first = await set.fit()
    await set.addExample('cross', drawings('cross', 0, 5))
    const second = await set.fit()
    expect(second.labels).toEqual(['disc', 'bars', 'cross'])
    const crosses = await classifier.embed(drawings('cross', 100, 40))
    const right = crosses.filter((each) => second.predict(each, { topK: 1 })[0]?.label === 'cross')
    expect(right.length).toBeGreaterThanOrEqual(30)
    set.renameClass('bars', 'stripes')
    expect((await set.fit()).labels).toEqual(['disc', 'stripes', 'cross'])
    set.removeClass('cross')
    expect(set.classes.map(({ label }) => label)).toEqual(['disc', 'stripes'])
    const last = await set.fit()
    expect(set.head).toBe(last)
    const off = Math.max(...last.weight.map((value, i) => Math.abs(value - (first.weight[i] as number))))
    expect(off).toBeLessThan(1e-3 * Math.max(...first.weight.map(Math.abs)))
  })

  it('takes back one change after the other', async () => {
    const set = await filled()
    const [, second] = set.examples
    set.removeExample(second?.id as number)
    expect(set.examples).toHaveLength(10)
    set.renameClass('disc', 'ring')
    set.removeClass('bars')
    expect(set.classes).toEqual([{ label: 'ring', examples: 5 }])
    set.addEmbedding('new', second?.embedding as Float32Array)
    for (const expected of [
      [['ring', 5]],
      [
        ['ring', 5],
        ['bars', 5],
      ],
      [
        ['disc', 5],
        ['bars', 5],
      ],
      [
        ['disc', 6],
        ['bars', 5],
      ],
      [['disc', 6]],
      [],
    ]) {
      expect(set.undo()).toBe(true)
      expect(set.classes.map(({ label, examples }) => [label, examples])).toEqual(expected)
    }
    expect(set.undo()).toBe(false)
    expect(set.bytes).toBe(0)
  })

  it('holds no more bytes than it may, and forgets what it could take back first', async () => {
    const { features } = new ExampleSet(classifier).backbone
    const each = 4 * features
    const set = new ExampleSet(classifier, { maxBytes: 3 * each })
    const [a] = (await classifier.embed(drawings('disc', 0, 1))) as [Float32Array]
    const ids = [set.addEmbedding('a', a), set.addEmbedding('b', a), set.addEmbedding('b', a)]
    expect(set.bytes).toBe(3 * each)
    expect(() => set.addEmbedding('a', a)).toThrow(/maxBytes/)
    expect(set.examples).toHaveLength(3)
    set.removeExample(ids[2] as number)
    expect(set.bytes).toBe(3 * each)
    set.addEmbedding('c', a)
    expect(set.bytes).toBe(3 * each)
    expect([set.undo(), set.undo()]).toEqual([true, false])
    const copied = a.slice()
    set.addEmbedding('d', copied)
    copied.fill(0)
    expect(set.examples.at(-1)?.embedding).toEqual(a)
  })

  it('gives a new head after each change, until it is stopped', async () => {
    const set = new ExampleSet(classifier)
    const controller = new AbortController()
    const seen: (readonly string[])[] = []
    const watching = (async () => {
      for await (const head of set.heads({ signal: controller.signal })) {
        seen.push(head.labels)
        if (seen.length === 1) await set.addExample('cross', drawings('cross', 0, 4))
        else if (seen.length === 2) {
          set.removeClass('cross')
          set.undo()
          set.removeClass('bars')
        } else controller.abort()
      }
    })()
    await set.addExample('disc', drawings('disc', 0, 4))
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(seen).toEqual([])
    await set.addExample('bars', drawings('bars', 0, 4))
    await watching
    expect(seen).toEqual([
      ['disc', 'bars'],
      ['disc', 'bars', 'cross'],
      ['disc', 'cross'],
    ])
    const waiting = new AbortController()
    const none = new ExampleSet(classifier).heads({ signal: waiting.signal }).next()
    waiting.abort()
    expect(await none).toEqual({ done: true, value: undefined })
  })

  it('is saved with its embeddings and goes on', async () => {
    const set = await filled()
    const bytes = set.toBytes()
    const again = loadExamples(classifier, bytes)
    expect(again.examples.map(({ label, embedding }) => [label, embedding])).toEqual(
      set.examples.map(({ label, embedding }) => [label, embedding]),
    )
    expect(again.undo()).toBe(false)
    await again.addExample('cross', drawings('cross', 0, 4))
    expect(new Set(again.examples.map(({ id }) => id)).size).toBe(15)
    expect((await again.fit()).labels).toEqual(['disc', 'bars', 'cross'])
    expect(loadExamples(classifier, new ExampleSet(classifier).toBytes()).examples).toEqual([])
    expect(() => loadExamples(classifier, bytes, { maxBytes: 100 })).toThrow(/maxBytes/)
    const { backbone } = set
    const other = { ...classifier, backbone: { ...backbone, fingerprint: backbone.fingerprint.toReversed() } }
    expect(() => loadExamples(other, bytes)).toThrow(/other weights/)
  })

  it('refuses a damaged file with an error', async () => {
    const set = await filled()
    const bytes = set.toBytes()
    for (let length = 0; length < bytes.length; length += 211) {
      expect(() => loadExamples(classifier, bytes.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'invalid-file' }),
      )
    }
    const source = random(3)
    for (let round = 0; round < 1000; round++) {
      const hurt = bytes.slice()
      for (let i = source.integer(1, 3); i > 0; i--) hurt[source.integer(0, 1200)] = source.integer(0, 255)
      try {
        loadExamples(classifier, hurt)
      } catch (error) {
        if (!isMobileOneError(error)) throw error
      }
    }
    const head = await set.fit()
    expect(() => loadExamples(classifier, head.toBytes())).toThrow(/mobileone\.examples/)
  })

  it('says what it cannot do', async () => {
    const set = new ExampleSet(classifier)
    await expect(set.fit()).rejects.toMatchObject({ code: 'invalid-argument' })
    await set.addExample('disc', drawing('disc', 1))
    await expect(set.fit()).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(set.addExample('bars', [drawing('bars', 1), new Uint8Array(3)])).rejects.toMatchObject({
      code: 'invalid-file',
    })
    expect(set.classes).toEqual([{ label: 'disc', examples: 1 }])
    const signal = AbortSignal.abort()
    await expect(set.addExample('bars', drawing('bars', 1), { signal })).rejects.toMatchObject({
      code: 'aborted',
    })
    set.addEmbedding('bars', set.examples[0]?.embedding as Float32Array)
    await expect(set.fit()).rejects.toMatchObject({ code: 'invalid-input' })
    expect(() => set.renameClass('disc', 'bars')).toThrow(/already/)
    expect(() => set.renameClass('cat', 'dog')).toThrow(/"cat"/)
    expect(() => set.removeClass('cat')).toThrow(/"disc"/)
    expect(() => set.removeExample(99)).toThrow(/99/)
    expect(() => set.addEmbedding('x', new Float32Array(2))).toThrow(/2 elements/)
    expect(() => set.addEmbedding(7 as never, set.examples[0]?.embedding as Float32Array)).toThrow(/label/)
    const headless: Embedder = { ...classifier, backbone: undefined }
    expect(() => new ExampleSet(headless)).toThrow(expect.objectContaining({ code: 'unsupported' }))
  })
})

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
