/** Watching asynchronous iterables: what is dropped, smoothed, capped, closed and stopped. Cameras: watch-browser.test.ts. */
import { setTimeout as sleep } from 'node:timers/promises'
import { MobileOneError } from '@mobileone/core'
import type { ImageSource, Pixels } from '@mobileone/vision'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createClassifier } from '../src/index.ts'
import { type FrameResult, type FrameRunner, type WatchOptions, watch } from '../src/watch/watch.ts'

const labels = ['low', 'high']

/** A picture whose only sample is `value`; its scores are [255 - value, value]. */
const picture = (value: number): Pixels => ({ width: 1, height: 1, data: Uint8Array.of(value) })

interface Runner extends FrameRunner {
  readonly seen: number[]
  readonly overlapped: boolean
}

/** A classifier that takes `ms` a frame. */
function runner(ms = 0): Runner {
  const seen: number[] = []
  let running = 0
  let overlapped = false
  return {
    labels,
    seen,
    get overlapped() {
      return overlapped
    },
    async logits(image) {
      if (++running > 1) overlapped = true
      await sleep(ms)
      running--
      const value = (image as Pixels).data[0] as number
      seen.push(value)
      return Float32Array.of(255 - value, value)
    },
  }
}

/** Pictures of the values 0, 1, 2, ..., one every `ms`; knows whether it was ended. */
function camera(ms: number, count = Number.POSITIVE_INFINITY) {
  const state = { made: 0, ended: false }
  async function* frames(): AsyncGenerator<Pixels> {
    try {
      while (state.made < count) {
        if (ms > 0) await sleep(ms)
        yield picture(state.made++ % 256)
      }
    } finally {
      state.ended = true
    }
  }
  return { state, frames: frames() }
}

async function* list(...values: number[]): AsyncGenerator<Pixels> {
  for (const value of values) yield picture(value)
}

async function take(results: AsyncIterable<FrameResult>, count: number): Promise<FrameResult[]> {
  const found: FrameResult[] = []
  for await (const result of results) {
    found.push(result)
    if (found.length === count) break
  }
  return found
}

const raw = { activation: 'none', topK: 2 } as const
const scoreOf = (label: string) => (result: FrameResult) =>
  result.predictions.find((prediction) => prediction.label === label)?.score

describe('frames', () => {
  it('that are stale are dropped and counted, and no two run at once', async () => {
    const slow = runner(60)
    const { frames, state } = camera(10)
    const results = await take(watch(slow, frames, raw), 5)
    expect(slow.overlapped).toBe(false)
    expect(state.made).toBeGreaterThan(10)
    await sleep(20)
    expect(state.ended).toBe(true)
    for (const [index, { dropped }] of results.entries()) {
      const before = index === 0 ? -1 : (slow.seen[index - 1] as number)
      expect(dropped).toBe((slow.seen[index] as number) - before - 1)
    }
    expect(results.slice(1).every(({ dropped }) => dropped >= 1)).toBe(true)
    expect(results.every(({ ms, width, height }) => ms >= 50 && width === 1 && height === 1)).toBe(true)
  })

  it('a consumer that is slow gets the newest, too', async () => {
    const fast = runner()
    const { frames, state } = camera(5)
    let results = 0
    for await (const _ of watch(fast, frames)) {
      if (++results === 4) break
      await sleep(50)
      expect(state.made - (fast.seen.at(-1) as number)).toBeGreaterThan(2)
    }
    expect(fast.seen).toHaveLength(4)
    expect(fast.seen[3]).toBeGreaterThan(12)
  })

  it('all of them run where that is asked for', async () => {
    const slow = runner(3)
    const results = await take(watch(slow, list(1, 2, 3, 4, 5, 6), { ...raw, frames: 'all' }), 99)
    expect(slow.seen).toEqual([1, 2, 3, 4, 5, 6])
    expect(results.map(({ dropped }) => dropped)).toEqual([0, 0, 0, 0, 0, 0])
  })

  it('the last one is run when the supply has ended', async () => {
    const slow = runner(20)
    await take(watch(slow, list(1, 2, 3)), 99)
    expect(slow.seen.at(-1)).toBe(3)
  })

  it('a supply that never waits leaves the thread to others', async () => {
    const { frames, state } = camera(0)
    const watching = watch(runner(), frames)
    await watching.next()
    await sleep(100)
    expect(state.made).toBeLessThan(40)
    await watching.return()
  })

  it('come no faster than fps', async () => {
    const { frames } = camera(2)
    const start = performance.now()
    const results = await take(watch(runner(), frames, { fps: 20 }), 6)
    expect(performance.now() - start).toBeGreaterThan(5 * 50 - 10)
    const stamps = results.map(({ timestamp }) => timestamp)
    for (const [index, stamp] of stamps.slice(1).entries()) {
      expect(stamp - (stamps[index] as number)).toBeGreaterThan(25)
    }
  })
})

describe('a page that is hidden while a frame is waited for', () => {
  afterEach(() => vi.unstubAllGlobals())

  /** Pictures of 1, 2, 3, the second after `hide()`; a page that `show` brings back; a VideoFrame's part of each picture. */
  function hiding() {
    const page = Object.assign(new EventTarget(), { visibilityState: 'visible' })
    vi.stubGlobal('document', page)
    const turn = (state: string): void => {
      page.visibilityState = state
      page.dispatchEvent(new Event('visibilitychange'))
    }
    let hide = (): void => {}
    const hidden = new Promise<void>((resolve) => {
      hide = () => {
        turn('hidden')
        resolve()
      }
    })
    const closed: number[] = []
    const frame = (value: number) =>
      ({
        ...picture(value),
        ...{ displayWidth: 1, displayHeight: 1, timestamp: value, close: () => closed.push(value) },
      }) as unknown as VideoFrame
    async function* frames() {
      yield frame(1)
      await hidden
      yield frame(2)
      yield frame(3)
    }
    return { frames: frames(), hide, show: () => turn('visible'), closed }
  }
  const soon = () => new Promise((resolve) => setImmediate(resolve))

  it('keeps the frame where all are to run', async () => {
    const { frames, hide, show, closed } = hiding()
    const all = runner()
    const watching = watch(all, frames, { frames: 'all' })
    await watching.next()
    const second = watching.next()
    hide()
    await soon()
    expect(all.seen).toEqual([1])
    show()
    expect((await second).value).toMatchObject({ dropped: 0 })
    await watching.next()
    expect(all.seen).toEqual([1, 2, 3])
    expect(closed).toEqual([1, 2, 3])
  })

  it('closes the frame that is kept when it ends', async () => {
    const { frames, hide, closed } = hiding()
    const all = runner()
    const watching = watch(all, frames, { frames: 'all' })
    await watching.next()
    const second = watching.next()
    hide()
    await soon()
    await watching.return()
    expect(await second).toEqual({ done: true, value: undefined })
    expect([all.seen, closed]).toEqual([[1], [1, 2]])
  })

  it('counts the frame that is dropped', async () => {
    const { frames, hide, show, closed } = hiding()
    const newest = runner()
    const watching = watch(newest, frames)
    await watching.next()
    const second = watching.next()
    hide()
    await soon()
    show()
    expect((await second).value).toMatchObject({ dropped: 1 })
    expect([newest.seen, closed]).toEqual([
      [1, 3],
      [1, 2, 3],
    ])
  })
})

describe('smoothing', () => {
  const given = [0, 100, 100, 40]
  const high = async (options: WatchOptions) =>
    (await take(watch(runner(), list(...given), { ...raw, frames: 'all', ...options }), 9)).map(
      scoreOf('high'),
    )

  it('mixes the scores of a frame with those before', async () => {
    expect(await high({ smoothing: 0.75 })).toEqual([0, 25, 43.75, 42.8125])
    expect(await high({})).toEqual(given)
  })

  it('comes after the activation and before the choice of classes', async () => {
    const found = await high({ smoothing: 0.5, activation: 'softmax', allow: ['high'], threshold: 0.2 })
    // Softmax of [255, 0], [155, 100], [155, 100], [215, 40] gives `high` nothing; `low` has all.
    expect(found).toEqual([undefined, undefined, undefined, undefined])
    const low = await take(
      watch(runner(), list(255, 0, 0), { frames: 'all', smoothing: 0.5, allow: ['low'], topK: 1 }),
      9,
    )
    expect(low.map(scoreOf('low'))).toEqual([0, 0.5, 0.75])
  })
})

describe('the end', () => {
  it('return() ends a wait for a frame that never comes', async () => {
    const never: AsyncIterable<ImageSource> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
    }
    for (const frames of ['newest', 'all'] as const) {
      const watching = watch(runner(), never, { frames })
      const waiting = watching.next()
      await sleep(5)
      expect(await watching.return()).toEqual({ done: true, value: undefined })
      expect(await waiting).toEqual({ done: true, value: undefined })
      expect(await watching.next()).toEqual({ done: true, value: undefined })
    }
  })

  it('return() waits for the run that is under way', async () => {
    const slow = runner(40)
    const watching = watch(slow, camera(1).frames)
    const waiting = watching.next()
    await sleep(20)
    await watching.return()
    expect(slow.seen).toHaveLength(1)
    await waiting
  })

  it('before the first result opens nothing', async () => {
    const { frames, state } = camera(1)
    const watching = watch(runner(), frames)
    await watching.return()
    await sleep(5)
    expect([state.made, await watching.next()]).toEqual([0, { done: true, value: undefined }])
  })

  it('an abort is an error, while waiting, while running and before', async () => {
    for (const frames of [camera(0).frames, camera(1e6).frames, camera(5).frames]) {
      const controller = new AbortController()
      const timer = setTimeout(() => controller.abort(new Error('enough')), 30)
      const watching = take(watch(runner(3), frames, { signal: controller.signal }), Number.POSITIVE_INFINITY)
      await expect(watching).rejects.toMatchObject({ code: 'aborted', name: 'AbortError' })
      clearTimeout(timer)
    }
    const { frames, state } = camera(1)
    await expect(watch(runner(), frames, { signal: AbortSignal.abort() }).next()).rejects.toMatchObject({
      code: 'aborted',
    })
    expect(state.made).toBe(0)
  })

  it('an abort between results lets go of the supply at once', async () => {
    const { frames, state } = camera(1)
    const controller = new AbortController()
    const watching = watch(runner(), frames, { signal: controller.signal })
    await watching.next()
    controller.abort()
    await sleep(20)
    expect(state.ended).toBe(true)
    await expect(watching.next()).rejects.toMatchObject({ code: 'aborted' })
  })

  it('an error of the supply or of a frame comes out, and lets go of the supply', async () => {
    async function* broken(): AsyncGenerator<Pixels> {
      yield picture(1)
      throw new Error('unplugged')
    }
    const slow = runner(20)
    await expect(take(watch(slow, broken()), 9)).rejects.toThrow('unplugged')
    expect(slow.seen).toEqual([1])
    const { frames, state } = camera(1)
    const failing: FrameRunner = {
      labels,
      async logits() {
        throw new MobileOneError('device-lost', 'gone')
      },
    }
    await expect(take(watch(failing, frames), 9)).rejects.toMatchObject({ code: 'device-lost' })
    await sleep(10)
    expect(state.ended).toBe(true)
  })
})

it('closes every VideoFrame it was given, and only those', async () => {
  const frames = Array.from({ length: 12 }, (_, index) => ({
    ...picture(index),
    displayWidth: 1,
    displayHeight: 1,
    timestamp: index * 1000,
    closed: 0,
    close() {
      this.closed++
    },
  }))
  async function* video() {
    for (const frame of frames) {
      await sleep(2)
      yield frame as unknown as VideoFrame
    }
  }
  const results = await take(watch(runner(8), video()), 3)
  expect(results.map(({ timestamp }) => Number.isInteger(timestamp))).toEqual([true, true, true])
  await sleep(10)
  const closed = frames.map((frame) => frame.closed)
  expect(closed.slice(0, 6)).toEqual([1, 1, 1, 1, 1, 1])
  expect(Math.max(...closed)).toBe(1)
})

it.each([
  [undefined, {}, /^watch takes a video element, .*not Undefined/],
  [[picture(1)], {}, /not Array/],
  [new Uint8Array(3), {}, /not Uint8Array/],
  [{ kind: 'audio', getSettings() {} }, {}, /a track of video, not of audio/],
  [{ kind: 'video', getSettings() {} }, { frames: 'all' }, /needs an iterable/],
  [{ getVideoTracks: () => [] }, {}, /no track of video/],
  [list(), { smoothing: 1 }, /smoothing must be 0 to below 1, not 1/],
  [list(), { smoothing: Number.NaN }, /smoothing/],
  [list(), { fps: 0 }, /fps must be above 0, not 0/],
  [list(), { frames: 'some' }, /frames must be 'newest' or 'all'/],
  [list(), { whileHidden: 'sleep' }, /whileHidden must be/],
  [list(), { deny: ['middle'] }, /deny: there is no class "middle"/],
])('refuses %o with %j', async (source, options, message) => {
  const given = () => ('deny' in options ? list(1) : source) as never
  const attempt = async () => watch(runner(), given(), options as never).next()
  await expect(attempt()).rejects.toThrow(message)
  await expect(attempt()).rejects.toMatchObject({ name: 'MobileOneError' })
})

it('a frame that is no picture is an error of its own', async () => {
  const assets = new URL('../../../apps/demo/assets/', import.meta.url)
  await using classifier = await createClassifier({ model: new URL('fashion-mnist.safetensors', assets) })
  for (const frames of ['all', 'newest'] as const) {
    async function* nothing() {
      yield null as never
    }
    await expect(classifier.watch(nothing(), { frames }).next()).rejects.toMatchObject({
      code: 'invalid-input',
    })
  }
})

it('a classifier watches files, with its defaults', async () => {
  const assets = new URL('../../../apps/demo/assets/', import.meta.url)
  await using classifier = await createClassifier({ model: new URL('fashion-mnist.safetensors', assets) })
  classifier.setOptions({ topK: 1, normalize: true })
  async function* files() {
    for (const name of ['2-trouser', '18-bag']) yield new URL(`images/${name}.png`, assets)
  }
  const found: unknown[] = []
  for await (const { predictions } of classifier.watch(files(), { frames: 'all' })) {
    found.push(predictions.map(({ label }) => label))
  }
  expect(found).toEqual([['Trouser'], ['Bag']])
  await expect(classifier.watch(files(), { fps: -1 }).next()).rejects.toMatchObject({
    code: 'invalid-argument',
  })
})
