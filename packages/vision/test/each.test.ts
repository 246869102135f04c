import { createExecutor, type Executor, MobileOneError, type Preprocess, spec, tensor } from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import {
  classifyEach,
  embedEach,
  type Image,
  type ImageModel,
  type ImageSource,
  type ItemResult,
  type PictureTimes,
} from '../src/index.ts'

const rule: Preprocess = {
  size: [1, 1],
  resize: 1,
  interpolation: 'bilinear',
  mean: [0, 0, 0],
  std: [1, 1, 1],
}
const options = { preprocess: rule, labels: ['red', 'green', 'blue'], topK: 1 }

const pixel = (...colour: [number, number, number]): Image => ({
  width: 1,
  height: 1,
  channels: 3,
  data: new Uint8Array(colour),
})
const [red, green, blue] = [pixel(255, 0, 0), pixel(0, 255, 0), pixel(0, 0, 255)]
const broken = new TextEncoder().encode('no picture')

/** A model whose output is its input. */
function colours(batch: number, onRun: () => void = () => {}): Executor {
  return createExecutor({
    backend: 'colours',
    inputs: { image: spec([batch, 3, 1, 1]) },
    outputs: { logits: spec([batch, 3]), embedding: spec([batch, 3]) },
    memoryBytes: 0,
    steps: [],
    execute({ image }) {
      onRun()
      return {
        logits: tensor([batch, 3], image!.data.slice()),
        embedding: tensor([batch, 3], image!.data.slice()),
      }
    },
    free() {},
  })
}

async function all<T>(results: AsyncIterable<ItemResult<T>>): Promise<ItemResult<T>[]> {
  const found: ItemResult<T>[] = []
  for await (const result of results) found.push(result)
  return found
}

describe.each([1, 2, 3, 8])('batches of %i', (batch) => {
  test('tells what the stages of each image took, but not of a bad one', async () => {
    const told: PictureTimes[] = []
    await all(
      classifyEach(colours(batch), [red, broken, green], {
        ...options,
        onTimes: (times) => told.push(times),
      }),
    )
    expect(told.map(({ index }) => index)).toEqual([0, 2])
    for (const { decode, prepare, run } of told) {
      expect(decode).toBeGreaterThanOrEqual(0)
      expect(prepare).toBeGreaterThan(0)
      expect(run).toBeGreaterThan(0)
    }
  })

  test('an image that is bad loses itself alone', async () => {
    const sources: ImageSource[] = [red, broken, green, 'absent.jpg', new Uint8Array(), blue]
    const results = await all(classifyEach(colours(batch), sources, options))
    expect(results.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5])
    expect(results.map(({ source }) => source)).toEqual(sources)
    expect(results.map(({ value, error }) => value?.[0]?.label ?? error?.code)).toEqual([
      'red',
      'invalid-file',
      'green',
      'invalid-file',
      'invalid-file',
      'blue',
    ])
    expect(results[3]?.error?.message).toMatch(/^image 3 \(absent\.jpg\) does not exist/)
  })

  test('where all are bad nothing runs', async () => {
    let runs = 0
    const results = await all(
      classifyEach(
        colours(batch, () => runs++),
        [broken, broken, broken],
        options,
      ),
    )
    expect(results.map(({ ok }) => ok)).toEqual([false, false, false])
    expect(runs).toBe(0)
  })
})

test('an endless supply is read one batch ahead, and ended with the loop', async () => {
  let given = 0
  let ended = false
  async function* supply(): AsyncGenerator<Image> {
    try {
      for (;;) {
        given++
        yield green
      }
    } finally {
      ended = true
    }
  }
  for await (const { index } of classifyEach(colours(2), supply(), options)) if (index === 4) break
  expect(given).toBeLessThanOrEqual(8)
  await expect.poll(() => ended).toBe(true)
})

test('embeddings have a result each', async () => {
  const results = await all(
    embedEach(colours(2), new Set([red, broken, blue]), { preprocess: rule, normalize: true }),
  )
  expect(results.map(({ value }) => value && [...value])).toEqual([[1, 0, 0], undefined, [0, 0, 1]])
  const black = await all(embedEach(colours(1), [pixel(0, 0, 0), red], { preprocess: rule, normalize: true }))
  expect(black.map(({ ok, error }) => [ok, error?.code])).toEqual([
    [false, 'invalid-input'],
    [true, undefined],
  ])
})

test('what is wrong with the options, the model or the device ends it', async () => {
  await expect(all(classifyEach(colours(1), [red], { ...options, labels: ['one'] }))).rejects.toMatchObject({
    code: 'invalid-argument',
  })
  await expect(
    all(classifyEach(colours(1), [red], { ...options, orientation: 'up' as never })),
  ).rejects.toMatchObject({ code: 'invalid-argument' })
  const lost = colours(1, () => {
    throw new MobileOneError('device-lost', 'gone')
  })
  await expect(all(classifyEach(lost, [red, green], options))).rejects.toMatchObject({ code: 'device-lost' })
  const signal = AbortSignal.abort()
  await expect(all(classifyEach(colours(1), [red], { ...options, signal }))).rejects.toMatchObject({
    code: 'aborted',
  })
  const lib = Promise.reject(new Error('no sharp'))
  const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0)
  await expect(all(classifyEach(colours(1), [jpeg], { ...options, lib }))).rejects.toMatchObject({
    code: 'unavailable',
  })
  for (const sources of ['photo.jpg', broken, red, null]) {
    await expect(all(classifyEach(colours(1), sources as never, options))).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('must be a list or another iterable'),
    })
  }
})

describe('a model that takes pictures as they are', () => {
  const bitmap = { [Symbol.toStringTag]: 'ImageBitmap', width: 1, height: 1 } as unknown as ImageBitmap
  const framing = { fit: 'stretch', flip: true } as const

  /** What it was given, one entry a picture; `refusal` is thrown instead of an answer. */
  function direct(batch: number, given: unknown[], refusal?: MobileOneError): ImageModel {
    return {
      ...colours(batch),
      async runImage(source, by, { signal, ...how }) {
        given.push([source, by, how])
        if (refusal) throw refusal
        return { logits: tensor([1, 3], Float32Array.of(0, 1, 0)) }
      },
    }
  }

  test('is given what may lie on a GPU, for fast runs, with the framing', async () => {
    const given: unknown[] = []
    const model = direct(1, given)
    const sources = [red, bitmap, blue]
    const results = await all(classifyEach(model, sources, { ...options, ...framing, resample: 'fast' }))
    expect(results.map(({ value }) => value?.[0]?.label)).toEqual(['red', 'green', 'blue'])
    expect(given).toEqual([[bitmap, rule, framing]])
  })

  test('is not asked for exact runs, by batches, or under a limit of pixels', async () => {
    const given: unknown[] = []
    const runs: [number, object][] = [
      [1, {}],
      [1, { resample: 'exact' }],
      [1, { resample: 'fast', maxPixels: 1 }],
      [2, { resample: 'fast' }],
    ]
    for (const [batch, run] of runs)
      await all(classifyEach(direct(batch, given), [bitmap], { ...options, ...run }))
    expect(given).toEqual([])
  })

  test('what it refuses is prepared here; other errors are its own', async () => {
    const fast = { ...options, resample: 'fast' } as const
    const refusing = direct(1, [], new MobileOneError('invalid-input', 'no such frame'))
    const [refused, well] = await all(classifyEach(refusing, [bitmap, red], fast))
    expect(refused?.error?.message).toMatch(/^the ImageBitmap|is no image source/)
    expect(well?.value?.[0]?.label).toBe('red')
    const lost = direct(1, [], new MobileOneError('device-lost', 'gone'))
    await expect(all(classifyEach(lost, [bitmap], fast))).rejects.toMatchObject({ code: 'device-lost' })
  })
})
