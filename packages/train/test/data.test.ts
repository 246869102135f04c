import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Preprocess } from '@mobileone/core'
import { lacking } from '@mobileone/testkit'
import { preprocess as prepareForInference } from '@mobileone/vision'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Augmentation } from '../src/data/augmentation.ts'
import type { Batch } from '../src/data/batch.ts'
import { batchSource } from '../src/data/batch-source.ts'
import { arrayDataset, type Dataset } from '../src/data/dataset.ts'
import { fromIterable } from '../src/data/from-iterable.ts'
import { fashionMnistPreprocess, idxDataset } from '../src/data/idx-dataset.ts'
import { measureMeanStd } from '../src/data/mean-std.ts'
import { deriveSeed } from '../src/data/seeds.ts'
import { balance, split, subset } from '../src/data/subsets.ts'
import { fashionMnist } from '../src/node/fashion-mnist.ts'
import { idxFolder } from '../src/node/idx-folder.ts'
import { collect, noise, noiseDataset, request } from './support/data.ts'

const grey: Preprocess = { size: [8, 8], resize: 8, interpolation: 'bilinear', mean: [0.4], std: [0.3] }
const rgb: Preprocess = { ...grey, mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3] }
const padded: Augmentation = { crop: { kind: 'padded', pixels: 2 }, flip: true, autoAugment: false }
const everything: Augmentation = {
  crop: { kind: 'randomResized', scale: [0.08, 1], ratio: [3 / 4, 4 / 3] },
  flip: true,
  autoAugment: true,
}

const indices = (part: Dataset): number[] =>
  Array.from({ length: part.size }, (_, i) => Number(part.name?.(i).replace('example ', '')))
const countClasses = (part: Dataset): number[] => {
  const counts = part.labels.map(() => 0)
  for (let i = 0; i < part.size; i++) counts[part.label(i)]!++
  return counts
}

describe('data sets', () => {
  test('bad images and class indices are refused, naming the first', () => {
    const image = noise(3, 2, 1, 0)
    expect(() => arrayDataset([], [], ['a'])).toThrow(/no examples/)
    expect(() => arrayDataset([image], [0, 0], ['a'])).toThrow(/1 images and 2 class indices/)
    expect(() => arrayDataset([image, image], [0, 1], ['a'])).toThrow(/example 1 has class 1/)
    expect(() => arrayDataset([image], [0.5], ['a'])).toThrow(/example 0 has class 0.5/)
    expect(() => arrayDataset([image, { ...image, width: 4 }], [0, 0], ['a'])).toThrow(/image 1/)
  })

  test('one coloured image makes the set RGB', () => {
    expect(arrayDataset([noise(2, 2, 1, 0), noise(2, 2, 3, 0)], [0, 0], ['a']).channels).toBe(3)
  })

  test('IDX files that do not belong together are refused', async () => {
    const idx = (...bytes: number[]): Uint8Array => new Uint8Array([0, 0, 8, ...bytes])
    const images = idx(3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 10, 20)
    await expect(idxDataset(images, idx(1, 0, 0, 0, 1, 0), ['a'])).rejects.toThrow(
      /2x1x1.*expected N x height/,
    )
    await expect(idxDataset(images, idx(1, 0, 0, 0, 2, 0, 1), ['a'])).rejects.toThrow(/example 1 has class 1/)
    const dataset = await idxDataset(images, idx(1, 0, 0, 0, 2, 0, 1), ['a', 'b'])
    expect(dataset.image(1)).toEqual({ width: 1, height: 1, channels: 1, data: new Uint8Array([20]) })
  })
})

describe('split, balance, subset', () => {
  test('the parts of a split are disjoint, complete, and a function of the seed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 60 }),
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        fc.integer(),
        fc.boolean(),
        (size, fraction, seed, balanced) => {
          const count = Math.round(size * fraction)
          if (count < 1 || count >= size) return
          const dataset = noiseDataset(size, 1, 1, 1)
          const [first, second] = split(dataset, { fraction, seed, balanced })
          expect(first.size).toBe(count)
          expect([...indices(first), ...indices(second)].sort((a, b) => a - b)).toEqual([
            ...Array(size).keys(),
          ])
          expect(indices(split(dataset, { count, seed, balanced })[0])).toEqual(indices(first))
          if (!balanced) return
          for (const [label, own] of countClasses(first).entries()) {
            expect(Math.abs(own - (countClasses(dataset)[label]! * count) / size)).toBeLessThan(1)
          }
        },
      ),
    )
  })

  test('another seed gives another split, and an empty part is refused', () => {
    const dataset = noiseDataset(40, 1, 1, 1)
    const of = (seed: number): number[] => indices(split(dataset, { count: 20, seed })[0])
    expect(of(1)).not.toEqual(of(2))
    expect(() => split(dataset, { fraction: 0, seed: 0 })).toThrow(/empty/)
    expect(() => split(dataset, { count: 40, seed: 0 })).toThrow(/empty/)
    expect(() => split(dataset, { count: 2.5, seed: 0 })).toThrow(/2.5/)
  })

  test('balancing repeats the examples of small classes evenly', () => {
    const images = Array.from({ length: 10 }, (_, i) => noise(1, 1, 1, i))
    const dataset = arrayDataset(images, [0, 0, 0, 0, 0, 0, 0, 1, 1, 1], ['many', 'few'])
    const even = balance(dataset, { seed: 3 })
    expect(countClasses(even)).toEqual([7, 7])
    const times = [7, 8, 9].map((index) => indices(even).filter((each) => each === index).length)
    expect(times.sort()).toEqual([2, 2, 3])
    expect(countClasses(balance(dataset, { seed: 3, perClass: 2 }))).toEqual([2, 2])
    expect(indices(balance(dataset, { seed: 3, perClass: 2 }))).not.toEqual(
      indices(balance(dataset, { seed: 5, perClass: 2 })),
    )
    expect(() => balance({ ...dataset, labels: ['many', 'few', 'none'] }, { seed: 0 })).toThrow(/"none"/)
  })

  test('a subset has what was asked for', () => {
    const dataset = noiseDataset(31, 1, 1, 1)
    expect(countClasses(subset(dataset, { perClass: 4, seed: 1 }))).toEqual([4, 4, 4])
    expect(indices(subset(dataset, { indices: [30, 2, 2] }))).toEqual([30, 2, 2])
    expect(indices(subset(subset(dataset, { indices: [9, 8, 7] }), { indices: [2] }))).toEqual([7])
    expect(() => subset(dataset, { indices: [31] })).toThrow(/no example 31/)
    expect(() => subset(dataset, { perClass: 11, seed: 1 })).toThrow(/"class 1" has 10 examples/)
  })
})

describe('batches', () => {
  const pixels = (batches: readonly Batch[]): number[][] => batches.map(({ images }) => [...images])

  test('equal requests give equal batches, whatever was skipped, prefetched or read before', async () => {
    const dataset = noiseDataset(30, 3, 12, 9)
    for (const augmentation of [padded, everything]) {
      const source = batchSource(dataset, { preprocess: rgb, augmentation })
      const all = await collect(source.batches({ ...request, epoch: 2 }))
      expect(all).toHaveLength(7)
      expect(await collect(source.batches({ ...request, epoch: 2, skip: 3 }))).toEqual(all.slice(3))
      const other = batchSource(dataset, { preprocess: rgb, augmentation, prefetch: 9 })
      expect(await collect(other.batches({ ...request, epoch: 2 }))).toEqual(all)
      expect(pixels(await collect(source.batches(request)))).not.toEqual(pixels(all))
      expect(pixels(await collect(source.batches({ ...request, epoch: 2, seed: 6 })))).not.toEqual(
        pixels(all),
      )
    }
  })

  test('the same picture is augmented differently at each position, in each epoch', async () => {
    const dataset = subset(noiseDataset(1, 1), { indices: new Uint8Array(40) })
    const source = batchSource(dataset, { preprocess: grey, augmentation: padded, shuffle: false })
    const cropsOf = async (epoch: number): Promise<string[]> => {
      const batches = await collect(source.batches({ ...request, epoch }))
      return batches.flatMap(({ images }) =>
        Array.from({ length: 4 }, (_, i) => images.subarray(64 * i, 64 * (i + 1)).join()),
      )
    }
    const first = await cropsOf(0)
    const second = await cropsOf(1)
    // 50 crops are possible: 40 draws show 28 of them on average.
    expect(new Set(first).size).toBeGreaterThan(20)
    expect(first.filter((crop, i) => crop === second[i]).length).toBeLessThan(8)
  })

  test('an epoch shows every example once, with its own label', async () => {
    const images = Array.from({ length: 12 }, (_, i) => ({
      width: 8,
      height: 8,
      channels: 1 as const,
      data: new Uint8Array(64).fill(20 * i),
    }))
    const dataset = arrayDataset(
      images,
      images.map((_, i) => i),
      images.map((_, i) => `label ${i}`),
    )
    const source = batchSource(dataset, {
      preprocess: { ...grey, mean: [0], std: [1] },
      augmentation: { crop: { kind: 'centre' }, flip: false, autoAugment: false },
    })
    const batches = await collect(source.batches(request))
    const labels = batches.flatMap((batch) => [...batch.labels])
    expect(labels).not.toEqual([...labels].sort((a, b) => a - b))
    expect([...labels].sort((a, b) => a - b)).toEqual([...Array(12).keys()])
    for (const batch of batches) {
      for (const [i, label] of batch.labels.entries()) {
        expect(batch.images[i * 64 + 5]).toBe(Math.fround((20 * label) / 255))
      }
    }
  })

  test('evaluation gives bit for bit what inference prepares, and keeps the last batch', async () => {
    for (const [dataset, rule] of [
      [noiseDataset(7, 1, 8, 8), grey],
      [noiseDataset(7, 3, 13, 29), { ...rgb, resize: 10, interpolation: 'bicubic' }],
      [noiseDataset(7, 3, 5, 6), { ...rgb, resize: 6 }],
    ] as const) {
      const batches = await collect(batchSource(dataset, { preprocess: rule }).batches(request))
      expect(batches.map(({ shape }) => shape[0])).toEqual([4, 3])
      for (const [b, batch] of batches.entries()) {
        const [count, height, width, channels] = batch.shape
        for (let i = 0; i < count; i++) {
          const { data } = await prepareForInference(await dataset.image(4 * b + i), rule)
          expect(batch.labels[i]).toBe(dataset.label(4 * b + i))
          for (let c = 0; c < channels; c++) {
            for (let p = 0; p < height * width; p++) {
              const ours = batch.images[(i * height * width + p) * channels + c]
              expect(Object.is(ours, data[c * height * width + p])).toBe(true)
            }
          }
        }
      }
    }
  })

  test('another size asks for the same part of the picture', async () => {
    const rule = { ...grey, size: [8, 8], resize: 10 } as const
    const source = batchSource(noiseDataset(4, 1, 40, 40), { preprocess: rule })
    const [batch] = await collect(source.batches({ ...request, size: [16, 16] }))
    const { data } = await prepareForInference(noise(40, 40, 1, 0), { ...rule, size: [16, 16], resize: 20 })
    expect(batch?.shape).toEqual([4, 16, 16, 1])
    expect(batch?.images.subarray(0, 256)).toEqual(data)
  })

  test('options and requests that make no sense are refused', async () => {
    const dataset = noiseDataset(5, 1)
    expect(() => batchSource(dataset, { preprocess: rgb })).toThrow(/3 values and the images 1 channels/)
    expect(() => batchSource(dataset, { preprocess: { ...grey, std: [0] } })).toThrow(/std/)
    expect(() => batchSource(dataset, { preprocess: grey, workers: 2 })).toThrow(/encoded pictures/)
    expect(() => batchSource(dataset, { preprocess: grey, prefetch: -1 })).toThrow(/prefetch/)
    const source = batchSource(dataset, { preprocess: grey, augmentation: padded })
    const batches = (change: object) => () => source.batches({ ...request, ...change })
    expect(batches({ batchSize: 0 })).toThrow(/batchSize/)
    expect(batches({ batchSize: 6 })).toThrow(/5 examples, fewer than one batch of 6/)
    expect(batches({ size: [8, 1.5] })).toThrow(/size\[1\]/)
    expect(batches({ size: [1e6, 1e6] })).toThrow(/does not fit/)
    expect(batches({ strength: 2 })).toThrow(/strength/)
    expect(batches({ epoch: -1 })).toThrow(/epoch/)
    expect(batches({ skip: 0.5 })).toThrow(/skip/)
    await source.dispose?.()
    expect(batches({})).toThrow(/disposed/)
  })

  test('what goes wrong in a data set of one’s own names the example', async () => {
    const good = noiseDataset(6, 1)
    const collectFrom = (change: Partial<Dataset>): Promise<Batch[]> =>
      collect(batchSource({ ...good, ...change }, { preprocess: grey }).batches(request))
    const fail = async (): Promise<never> => {
      throw new Error('the disk is on fire')
    }
    await expect(collectFrom({ image: (i) => (i === 5 ? fail() : good.image(i)) })).rejects.toMatchObject({
      code: 'invalid-input',
      message: 'example 5 cannot be loaded: the disk is on fire',
    })
    await expect(
      collectFrom({ image: () => ({ width: 3, height: 3, channels: 1, data: new Uint8Array(8) }) }),
    ).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringMatching(/^example 0: .*9 bytes/),
    })
    await expect(collectFrom({ label: () => 3 })).rejects.toThrow(
      /example 0 has class 3, but there are 3 labels/,
    )
    const slow = collectFrom({ image: async (i) => good.image(i) })
    expect(await slow).toEqual(await collectFrom({}))
  })

  test('an abort ends the batches', async () => {
    const controller = new AbortController()
    const source = batchSource(noiseDataset(20, 1), { preprocess: grey })
    const seen: Batch[] = []
    const reading = (async () => {
      for await (const batch of source.batches({ ...request, signal: controller.signal })) {
        seen.push(batch)
        if (seen.length === 2) controller.abort()
      }
    })()
    await expect(reading).rejects.toMatchObject({ code: 'aborted' })
    expect(seen).toHaveLength(2)
    const late = source.batches({ ...request, signal: controller.signal })
    await expect(collect(late)).rejects.toMatchObject({ code: 'aborted' })
  })
})

test('seeds that differ in one part differ', () => {
  const seen = new Set<number>()
  for (let seed = 0; seed < 10; seed++) {
    for (let epoch = 0; epoch < 10; epoch++) {
      for (let position = 0; position < 500; position++) seen.add(deriveSeed(seed, epoch, position))
    }
  }
  expect(seen.size).toBeGreaterThan(50_000 - 4)
  expect(deriveSeed(2 ** 40)).not.toBe(deriveSeed(0))
  expect(deriveSeed(-1)).not.toBe(deriveSeed(0xffffffff))
})

test('mean and deviation are those of the pixels, every picture weighing the same', async () => {
  const images = [noise(4, 4, 3, 1), noise(9, 2, 3, 2)]
  const { mean, std } = await measureMeanStd(arrayDataset(images, [0, 0], ['a']))
  for (let c = 0; c < 3; c++) {
    const of = (power: number): number => {
      const means = images.map(({ data }) => {
        const own = [...data].filter((_, i) => i % 3 === c).map((value) => (value / 255) ** power)
        return own.reduce((sum, value) => sum + value, 0) / own.length
      })
      return (means[0]! + means[1]!) / 2
    }
    expect(mean[c]).toBeCloseTo(of(1), 3)
    expect(std[c]).toBeCloseTo(Math.sqrt(of(2) - of(1) ** 2), 3)
  }
  const blank = { width: 2, height: 2, channels: 1, data: new Uint8Array(4) } as const
  await expect(measureMeanStd(arrayDataset([blank], [0], ['a']))).rejects.toThrow(/blank/)
  await expect(measureMeanStd(noiseDataset(3, 1), { limit: 0 })).rejects.toThrow(/limit/)
})

describe('fromIterable', () => {
  const good: Batch = { images: new Float32Array(128), shape: [2, 8, 8, 1], labels: new Int32Array([0, 1]) }
  const read = (...batches: Batch[]): Promise<Batch[]> =>
    collect(
      fromIterable({
        examples: 4,
        labels: ['a', 'b'],
        channels: 1,
        preprocess: grey,
        batches: () => batches,
      }).batches(request),
    )

  test('good batches pass as they are', async () => {
    expect(await read(good, good)).toEqual([good, good])
  })

  const nan = new Float32Array(128)
  nan[77] = Number.NaN
  test.each<[string, Batch, RegExp]>([
    ['too many images', { ...good, shape: [5, 8, 8, 1] }, /batch 1 of epoch 0: it holds 5 images; 1 to 4/],
    ['another size', { ...good, shape: [2, 8, 4, 1] }, /2x8x4x1, expected 2x8x8x1/],
    ['too few pixels', { ...good, images: new Float32Array(5) }, /128 elements, not 5/],
    ['too few labels', { ...good, labels: new Int32Array(1) }, /2 elements, not 1/],
    ['a class out of range', { ...good, labels: new Int32Array([0, 2]) }, /image 1 has class 2/],
    ['a pixel that is no number', { ...good, images: nan }, /pixel 77 is NaN/],
  ])('%s is refused', async (_, batch, message) => {
    await expect(read(good, batch)).rejects.toThrow(message)
  })
})

describe('Fashion-MNIST', () => {
  test.skipIf(lacking('fashion-mnist'))('has its images, its classes and its statistics', async () => {
    const train = await fashionMnist({ split: 'train' })
    const testSet = await fashionMnist({ split: 'test' })
    expect([train.size, testSet.size, train.channels, train.labels.length]).toEqual([60_000, 10_000, 1, 10])
    expect(countClasses(train)).toEqual(Array(10).fill(6000))
    expect(train.labels[train.label(0)]).toBe('Ankle boot')
    const { mean, std } = await measureMeanStd(train)
    expect({ mean, std }).toEqual({ mean: fashionMnistPreprocess.mean, std: fashionMnistPreprocess.std })
  })

  test('a folder without it gives the name of the package to install', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mobileone-empty-'))
    try {
      const opening = fashionMnist({ split: 'test', folder })
      await expect(opening).rejects.toMatchObject({ code: 'invalid-file' })
      await expect(opening).rejects.toThrow(/t10k-images-idx3-ubyte.gz.*apt install dataset-fashion-mnist/)
      await expect(idxFolder(folder, { split: 'train' })).rejects.toThrow(
        /there is no train-images-idx3-ubyte.gz in .*; name the folder that has it$/,
      )
      await expect(idxFolder(folder, { split: 'val' as 'test' })).rejects.toMatchObject({
        code: 'invalid-argument',
      })
      writeFileSync(join(folder, 't10k-images-idx3-ubyte'), 'hello')
      writeFileSync(join(folder, 't10k-labels-idx1-ubyte'), 'hello')
      await expect(fashionMnist({ split: 'test', folder })).rejects.toThrow(
        /t10k-images-idx3-ubyte: is no IDX/,
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
