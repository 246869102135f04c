import { random } from '@mobileone/core'
import { cosineSimilarity } from '@mobileone/vision'
import { describe, expect, it } from 'vitest'
import {
  addEmbeddings,
  createClassifier,
  createEmbeddingStore,
  type EmbeddingStore,
  embeddingStoreFromBytes,
  embeddingStoreToBytes,
  isMobileOneError,
  nearest,
  removeEmbeddings,
} from '../src/index.ts'

const assets = new URL('../../../apps/demo/assets/', import.meta.url)
const picture = (name: string): URL => new URL(`images/${name}.png`, assets)
const vector = (...values: number[]): Float32Array => Float32Array.from(values)

/** `count` embeddings of `dimension` numbers, the same ones for equal seeds. */
function randomEntries(count: number, dimension: number, seed: number): [string, Float32Array][] {
  const numbers = random(seed)
  return Array.from({ length: count }, (_, index) => [
    `picture ${index}`,
    Float32Array.from({ length: dimension }, () => numbers.next() - 0.3),
  ])
}

describe('a store of embeddings', () => {
  it('keeps them at unit length, the later one of an id', () => {
    const store = createEmbeddingStore([
      ['a', vector(3, 4)],
      ['b', vector(0, 1)],
      ['a', vector(2, 0)],
    ])
    expect(store).toEqual({ dimension: 2, ids: ['a', 'b'], vectors: vector(1, 0, 0, 1) })
    const more = addEmbeddings(store, [
      ['c', vector(0, -5)],
      ['b', vector(3, 4)],
    ])
    expect(more).toEqual({ dimension: 2, ids: ['a', 'b', 'c'], vectors: vector(1, 0, 0.6, 0.8, 0, -1) })
    expect(removeEmbeddings(more, ['b', 'absent'])).toEqual({
      dimension: 2,
      ids: ['a', 'c'],
      vectors: vector(1, 0, 0, -1),
    })
    expect(store.ids).toEqual(['a', 'b'])
  })

  it('goes through structuredClone and through a file', () => {
    const store = createEmbeddingStore(randomEntries(50, 33, 1))
    expect(structuredClone(store)).toEqual(store)
    expect(embeddingStoreFromBytes(embeddingStoreToBytes(store))).toEqual(store)
    const half = embeddingStoreToBytes(store, { storage: 'float16' })
    expect(half.length).toBeLessThan(0.6 * embeddingStoreToBytes(store).length)
    const query = randomEntries(1, 33, 9)[0]![1]
    const scores = new Map(nearest(query, store, { k: 50 }).map(({ id, score }) => [id, score]))
    for (const { id, score } of nearest(query, embeddingStoreFromBytes(half), { k: 50 })) {
      expect(Math.abs(score - scores.get(id)!)).toBeLessThan(1e-3)
    }
    const empty = removeEmbeddings(store, store.ids)
    expect(embeddingStoreFromBytes(embeddingStoreToBytes(empty))).toEqual(empty)
    expect(nearest(query, empty)).toEqual([])
  })

  it('refuses what is no file of one', () => {
    const bytes = embeddingStoreToBytes(createEmbeddingStore([['a', vector(1, 2)]]))
    const text = new TextDecoder('latin1').decode(bytes)
    const changed = (from: string, to: string) =>
      Uint8Array.from(text.replace(from, to), (letter) => letter.charCodeAt(0))
    const broken = [
      new Uint8Array(),
      bytes.subarray(0, bytes.length - 1),
      changed('mobileone.embeddings', 'mobileone.embeddingz'),
      changed('\\"version\\":1', '\\"version\\":2'),
      changed('[\\"a\\"]', '[  42 ]'),
    ]
    for (const file of broken) {
      expect(() => embeddingStoreFromBytes(file)).toThrow(expect.objectContaining({ code: 'invalid-file' }))
    }
  })
})

describe('nearest', () => {
  it.each([
    [1, 1, 1],
    [7, 5, 3],
    [300, 64, 10],
    [300, 61, 300],
    [20, 1024, 50],
  ])(
    'of %i embeddings of %i numbers the best %i are those of comparing one by one',
    (count, dimension, k) => {
      const entries = randomEntries(count, dimension, count + dimension)
      const query = randomEntries(1, dimension, 77)[0]![1]
      const expected = entries
        .map(([id, embedding], index) => ({ id, index, score: cosineSimilarity(query, embedding) }))
        .sort((a, b) => b.score - a.score || a.index - b.index)
        .slice(0, k)
      const found = nearest(query, createEmbeddingStore(entries), { k })
      expect(found.map(({ id, index }) => [id, index])).toEqual(expected.map(({ id, index }) => [id, index]))
      for (const [place, { score }] of found.entries()) expect(score).toBeCloseTo(expected[place]!.score, 5)
    },
  )

  it('gives ten, equal ones in the order they are stored, and none below the threshold', () => {
    const store = createEmbeddingStore([
      ['opposite', vector(-1, 0)],
      ...Array.from({ length: 12 }, (_, index) => [`same ${index}`, vector(index + 1, 0)] as const),
    ])
    expect(nearest(vector(2, 0), store).map(({ id }) => id)).toEqual(
      Array.from({ length: 10 }, (_, index) => `same ${index}`),
    )
    expect(nearest(vector(2, 0), store, { k: 99 })).toHaveLength(13)
    expect(nearest(vector(2, 0), store, { k: 99, threshold: 0 })).toHaveLength(12)
  })

  const store = createEmbeddingStore([['a', vector(1, 2)]])
  it.each<[() => unknown, RegExp]>([
    [() => nearest(vector(1), store), /^nearest: the query has 1 numbers, the embeddings of the store 2/],
    [() => nearest(vector(0, 0), store), /the query is zero/],
    [() => nearest(vector(Number.NaN, 0), store), /not finite/],
    [() => nearest(vector(1, 1), store, { k: 0 }), /k must be a positive/],
    [() => nearest(vector(1, 1), store, { threshold: Number.NaN }), /threshold/],
    [
      () => nearest(vector(1, 1), { ...store, dimension: 3 } as EmbeddingStore),
      /make it with createEmbeddingStore/,
    ],
    [() => createEmbeddingStore([]), /at least one/],
    [() => addEmbeddings(store, [['b', vector(1, 2, 3)]]), /"b" has 3 numbers, those of the store 2/],
    [() => addEmbeddings(store, [['b', vector(0, 0)]]), /"b" is zero/],
  ])('refuses %#', (call, message) => {
    expect(call).toThrow(message)
    expect(call).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  it('takes milliseconds for ten thousand', () => {
    const large: EmbeddingStore = {
      dimension: 1024,
      ids: Array.from({ length: 10_000 }, String),
      vectors: new Float32Array(10_000 * 1024).fill(1 / 32),
    }
    const query = new Float32Array(1024).fill(1)
    const times = Array.from({ length: 5 }, () => {
      const start = performance.now()
      nearest(query, large)
      return performance.now() - start
    })
    const ms = Math.min(...times)
    console.log(`the nearest of 10,000 embeddings of 1024 numbers: ${ms.toFixed(1)} ms`)
    expect(ms).toBeLessThan(1000)
  })
})

describe('a classifier', () => {
  it('compares pictures and embeddings, and searches by either', async () => {
    await using classifier = await createClassifier({ model: new URL('fashion-mnist.safetensors', assets) })
    const names = ['2-trouser', '0-ankle-boot', '9-sneaker', '18-bag']
    const entries: [string, Float32Array][] = []
    for (const name of names) entries.push([name, await classifier.embed(picture(name))])
    const store = createEmbeddingStore(entries)
    const boot = picture('0-ankle-boot')
    const found = await classifier.nearest(boot, store, { k: 3 })
    expect(found).toHaveLength(3)
    expect(found[0]).toMatchObject({ id: '0-ankle-boot', index: 1, score: expect.closeTo(1, 5) })
    for (const { index, score } of found) {
      expect(score).toBeCloseTo(cosineSimilarity(entries[1]![1], entries[index]![1]), 5)
    }
    expect(await classifier.nearest(entries[1]![1], store, { k: 3 })).toEqual(found)
    const alike = await classifier.similarity(boot, picture('9-sneaker'))
    expect(alike).toBeCloseTo(cosineSimilarity(entries[1]![1], entries[2]![1]), 5)
    expect(await classifier.similarity(boot, entries[2]![1])).toBe(alike)
    expect(await classifier.similarity(boot, boot)).toBeCloseTo(1, 5)
    classifier.setOptions({ normalize: true })
    expect(await classifier.similarity(boot, picture('9-sneaker'))).toBeCloseTo(alike, 5)
    await expect(classifier.similarity(boot, vector(1, 2))).rejects.toSatisfy(isMobileOneError)
    await expect(classifier.similarity(boot, 'absent.png')).rejects.toMatchObject({ code: 'invalid-file' })
  })
})
