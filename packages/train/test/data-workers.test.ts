import { execFile } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Augmentation } from '../src/data/augmentation.ts'
import { type BatchSourceOptions, batchSource } from '../src/data/batch-source.ts'
import { pictureDataset } from '../src/data/picture-dataset.ts'
import { prefetch } from '../src/data/prefetch.ts'
import { split, subset } from '../src/data/subsets.ts'
import { imageFolder } from '../src/node/image-folder.ts'
import { collect, pictureFolder, request } from './support/data.ts'

const preprocess: BatchSourceOptions['preprocess'] = {
  size: [8, 8],
  resize: 9,
  interpolation: 'bilinear',
  mean: [0.4, 0.5, 0.6],
  std: [0.2, 0.25, 0.3],
}
const augmentation: Augmentation = {
  crop: { kind: 'randomResized', scale: [0.08, 1], ratio: [3 / 4, 4 / 3] },
  flip: true,
  autoAugment: true,
}

let folder: Awaited<ReturnType<typeof pictureFolder>>
beforeAll(async () => {
  folder = await pictureFolder(6)
})
afterAll(() => folder.remove())

describe('image folders', () => {
  test('classes are the sub-folders, sorted', async () => {
    const dataset = await imageFolder(folder.path)
    expect(dataset.labels).toEqual(['a', 'b', 'c'])
    expect([dataset.size, dataset.channels]).toEqual([18, 3])
    expect([dataset.name?.(6), dataset.label(6)]).toEqual([join(folder.path, 'b', '0.png'), 1])
    const image = await dataset.image(6)
    expect([image.width, image.height]).toEqual([20, 17])
    const backwards = await imageFolder(folder.path, { labels: ['c', 'none', 'b', 'a'], channels: 1 })
    expect([backwards.channels, backwards.label(0)]).toEqual([1, 3])
    await expect(imageFolder(folder.path, { labels: ['a', 'b'] })).rejects.toThrow(
      /c is none of the 2 classes/,
    )
  })

  test('pictures lie at any depth, behind links, with or without capitals; the rest is left out', async () => {
    const own = await pictureFolder(1)
    try {
      mkdirSync(join(own.path, 'a', 'deeper'))
      symlinkSync(join(own.path, 'b', '0.png'), join(own.path, 'a', 'deeper', 'linked.JPEG'))
      symlinkSync(join(own.path, 'b'), join(own.path, 'd'))
      for (const name of ['notes.txt', 'undecodable.bmp']) writeFileSync(join(own.path, 'a', name), '')
      writeFileSync(join(own.path, 'a', '.hidden.png'), '')
      const dataset = await imageFolder(own.path)
      expect(dataset.labels).toEqual(['a', 'b', 'c', 'd'])
      expect(Array.from({ length: dataset.size }, (_, i) => dataset.label(i))).toEqual([0, 0, 1, 2, 3])
      mkdirSync(join(own.path, 'empty'))
      await expect(imageFolder(own.path)).rejects.toMatchObject({
        code: 'invalid-file',
        message: expect.stringContaining(`${join(own.path, 'empty')} holds no pictures`),
      })
      await expect(imageFolder(join(own.path, 'c'))).rejects.toThrow(/no sub-folders/)
      await expect(imageFolder(join(own.path, 'absent'))).rejects.toThrow(/cannot read the folder .*absent/)
    } finally {
      own.remove()
    }
  })
})

describe('workers', () => {
  test('make the same batches as the calling thread', async () => {
    const dataset = subset(await imageFolder(folder.path), { perClass: 5, seed: 1 })
    for (const options of [{ preprocess }, { preprocess, augmentation }]) {
      const inline = batchSource(dataset, { ...options, workers: 0 })
      const expected = await collect(inline.batches(request))
      for (const workers of [1, 3]) {
        const source = batchSource(dataset, { ...options, workers })
        expect(await collect(source.batches(request))).toEqual(expected)
        expect(await collect(source.batches({ ...request, skip: 2 }))).toEqual(expected.slice(2))
        await source.dispose?.()
      }
    }
  })

  test('an unreadable picture is named, and the source goes on', async () => {
    const own = await pictureFolder(2)
    try {
      const path = join(own.path, 'b', 'broken.png')
      writeFileSync(path, 'no picture')
      const dataset = await imageFolder(own.path)
      for (const workers of [0, 2]) {
        const source = batchSource(dataset, { preprocess, workers })
        await expect(collect(source.batches(request))).rejects.toMatchObject({
          code: 'invalid-file',
          message: expect.stringContaining(path),
        })
        expect(await collect(source.batches({ ...request, batchSize: 2, skip: 3 }))).toHaveLength(1)
        await source.dispose?.()
      }
      const [, rest] = split(dataset, { count: 5, seed: 0 })
      expect(rest.picture?.(0).source).toBe(rest.name?.(0))
    } finally {
      own.remove()
    }
  })

  test('leaving the loop, aborting and disposing leave nothing behind', async () => {
    const dataset = await imageFolder(folder.path)
    const source = batchSource(dataset, { preprocess, workers: 2, prefetch: 6 })
    for await (const batch of source.batches({ ...request, batchSize: 1 })) {
      expect(batch.labels).toEqual(new Int32Array([0]))
      break
    }
    const controller = new AbortController()
    const aborting = collect(source.batches({ ...request, batchSize: 1, signal: controller.signal }))
    controller.abort(new Error('enough'))
    await expect(aborting).rejects.toMatchObject({ code: 'aborted' })
    expect(await collect(source.batches(request))).toHaveLength(5)

    const pending = collect(source.batches(request))
    const outcome = expect(pending).rejects.toMatchObject({ code: 'disposed' })
    await source.dispose?.()
    await outcome
    expect(() => source.batches(request)).toThrow(/disposed/)
  })

  test('a worker that cannot start or ends is an error', async () => {
    const dataset = await imageFolder(folder.path)
    const own = await pictureFolder(1)
    try {
      const quitter = join(own.path, 'quitter.mjs')
      writeFileSync(
        quitter,
        "import { parentPort } from 'node:worker_threads'\nparentPort.on('message', () => process.exit(3))\n",
      )
      for (const [name, why] of [
        ['absent.mjs', /Cannot find module/],
        ['quitter.mjs', /exit code 3/],
      ] as const) {
        const source = batchSource(dataset, {
          preprocess,
          workers: 1,
          worker: pathToFileURL(join(own.path, name)),
        })
        const reading = collect(source.batches(request))
        await expect(reading).rejects.toMatchObject({
          code: 'unavailable',
          message: expect.stringMatching(why),
        })
        await expect(collect(source.batches(request))).rejects.toMatchObject({ code: 'unavailable' })
        await source.dispose?.()
      }
    } finally {
      own.remove()
    }
  })

  test('a process that forgets to dispose still ends', async () => {
    const dist = (name: string): string => JSON.stringify(new URL(`../dist/${name}`, import.meta.url).href)
    const program = `
      const { batchSource } = await import(${dist('index.mjs')})
      const { imageFolder } = await import(${dist('node.mjs')})
      const dataset = await imageFolder(${JSON.stringify(folder.path)})
      const source = batchSource(dataset, { preprocess: ${JSON.stringify(preprocess)}, workers: 2 })
      let images = 0
      for await (const batch of source.batches(${JSON.stringify(request)})) images += batch.labels.length
      console.log(images)`
    const arguments_ = ['--input-type=module', '--eval', program]
    const { stdout } = await promisify(execFile)(process.execPath, arguments_, {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      timeout: 50_000,
    })
    expect(stdout.trim()).toBe('18')
  })

  test('disposing while answers are on their way ends before the process does', async () => {
    const dist = (name: string): string => JSON.stringify(new URL(`../dist/${name}`, import.meta.url).href)
    const program = `
      const { batchSource } = await import(${dist('index.mjs')})
      const { imageFolder } = await import(${dist('node.mjs')})
      const dataset = await imageFolder(${JSON.stringify(folder.path)})
      const source = batchSource(dataset, { preprocess: ${JSON.stringify(preprocess)}, workers: 3, prefetch: 9 })
      try {
        for await (const batch of source.batches(${JSON.stringify({ ...request, batchSize: 1 })})) {
          // The workers answer while this thread is busy, so their messages wait when the step fails.
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
          throw new Error('a step failed')
        }
      } catch ({ message }) {
        await source.dispose()
        console.log(message)
      }`
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', program],
      { cwd: fileURLToPath(new URL('..', import.meta.url)), timeout: 50_000 },
    )
    expect(stdout.trim()).toBe('a step failed')
  })

  test('files in memory are decoded by workers, too', async () => {
    const dataset = await imageFolder(folder.path)
    const { readFile } = await import('node:fs/promises')
    const blobs = await Promise.all(
      Array.from({ length: 18 }, async (_, i) => new Blob([await readFile(dataset.name!(i))])),
    )
    const classes = blobs.map((_, i) => dataset.label(i))
    const source = batchSource(pictureDataset(blobs, classes, dataset.labels), { preprocess, workers: 1 })
    const same = batchSource(dataset, { preprocess, workers: 0 })
    expect(await collect(source.batches(request))).toEqual(await collect(same.batches(request)))
    await source.dispose?.()

    const damaged = pictureDataset([...blobs, new Blob(['no picture'])], [...classes, 0], dataset.labels)
    for (const workers of [0, 1]) {
      const own = batchSource(damaged, { preprocess, workers })
      await expect(collect(own.batches(request))).rejects.toMatchObject({
        code: 'invalid-file',
        message: expect.stringMatching(/^picture 18: the Blob cannot be decoded/),
      })
      await own.dispose?.()
    }
  })
})

test('a picture that cannot be sent to a worker is an error', async () => {
  const dataset = await imageFolder(folder.path)
  const picture = (index: number) => ({ ...dataset.picture!(index), extra: index === 5 ? () => 0 : 1 })
  const source = batchSource({ ...dataset, picture }, { preprocess, workers: 1 })
  await expect(collect(source.batches(request))).rejects.toMatchObject({ code: 'unsupported' })
  expect(await collect(source.batches({ ...request, skip: 2 }))).toHaveLength(3)
  await source.dispose?.()
})

test('no more is begun ahead than asked for, and leaving aborts it', async () => {
  let begun = 0
  let aborted = 0
  const jobs = function* (): Generator<(signal: AbortSignal) => Promise<number>> {
    for (;;) {
      yield async (signal) => {
        signal.addEventListener('abort', () => aborted++)
        return begun++
      }
    }
  }
  const batches = prefetch(jobs(), 3, undefined)
  expect(begun).toBe(0)
  expect((await batches.next()).value).toBe(0)
  expect(begun).toBe(4)
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(begun).toBe(4)
  expect((await batches.next()).value).toBe(1)
  expect(begun).toBe(5)
  await batches.return()
  expect(aborted).toBe(5)
})
