import { isMobileOneError, random } from '@mobileone/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Embedder, ExampleSet, fitHead, loadExamples } from '../src/head/index.ts'
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
