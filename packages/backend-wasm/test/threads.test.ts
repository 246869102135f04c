import { setTimeout as sleep } from 'node:timers/promises'
import { type Executor, type Model, withBatch } from '@mobileone/core'
import { afterEach, describe, expect, test } from 'vitest'
import { wasm } from '../src/index.ts'
import { threadLimit } from '../src/thread-pool.ts'
import { image, network } from './networks.ts'

const { threads: limit } = threadLimit()
if (limit < 2)
  console.warn('SKIPPED: this machine runs one thread at a time, so tests of several threads do not run')

const workers = (): number =>
  process.getActiveResourcesInfo().filter((name) => /worker|messageport/i.test(name)).length
const logits = async (executor: Executor, model: Model, seed: number): Promise<Float32Array> =>
  (await executor.run(image(model, seed))).logits!.data

describe.skipIf(limit < 2)('two threads', () => {
  const running: Executor[] = []
  const start = async (model: Model, threads: number): Promise<Executor> => {
    const executor = await wasm({ threads }).compile(model)
    running.push(executor)
    return executor
  }
  afterEach(async () => {
    await Promise.all(running.splice(0).map((executor) => executor.dispose()))
  })

  test.each(['s0', 's4'] as const)(
    'give the results of one, bit by bit, run after run: %s',
    async (variant) => {
      const model = network(variant, 64)
      const [one, two] = [await start(model, 1), await start(model, 2)]
      for (let seed = 0; seed < 20; seed++) {
        expect(await logits(two, model, seed)).toEqual(await logits(one, model, seed))
      }
    },
  )

  test('give them after sleeping, too', async () => {
    const model = network('s0', 33)
    const [one, two] = [await start(model, 1), await start(model, 2)]
    for (let seed = 0; seed < 5; seed++) {
      await sleep(30)
      expect(await logits(two, model, seed)).toEqual(await logits(one, model, seed))
    }
  })

  test('several executors side by side do not disturb each other', async () => {
    const model = network('s0', 64)
    const [one, a, b] = [await start(model, 1), await start(model, 2), await start(model, 2)]
    const want = [await logits(one, model, 1), await logits(one, model, 2)]
    for (let round = 0; round < 5; round++) {
      expect(await Promise.all([logits(a, model, 1), logits(b, model, 2)])).toEqual(want)
    }
  })

  test('a profile has a time for each step', async () => {
    const model = network('s0', 64)
    const two = await start(model, 2)
    const times = await two.profile!(image(model, 1))
    expect(times.map(({ step }) => step)).toEqual(two.steps.map((_, index) => index))
    expect(times.every(({ ms }) => ms >= 0)).toBe(true)
  })

  test('end when the executor is disposed', async () => {
    const before = workers()
    const two = await wasm({ threads: 2 }).compile(network('s0', 32))
    await two.dispose()
    await two.dispose()
    await sleep(20)
    expect(workers()).toBe(before)
  })
})

describe.each([1, 2])('%i thread(s)', (threads) => {
  test('a run can be aborted between steps, and the next one is right', async () => {
    const model = withBatch(network('s1', 160), 4)
    const executor = await wasm({ threads }).compile(model)
    const want = await logits(executor, model, 1)
    const started = performance.now()
    await executor.run(image(model, 1))
    const whole = performance.now() - started

    for (let round = 0; round < 3; round++) {
      const controller = new AbortController()
      const run = executor.run(image(model, 2), { signal: controller.signal })
      setTimeout(() => controller.abort(new Error('enough')), whole / 8)
      const begun = performance.now()
      await expect(run).rejects.toMatchObject({
        code: 'aborted',
        cause: expect.objectContaining({ message: 'enough' }),
      })
      expect(performance.now() - begun).toBeLessThan(whole * 0.9 + 30)
      expect(await logits(executor, model, 1)).toEqual(want)
    }
    await executor.dispose()
  })
})

test('threads must be a whole number of at least 1', async () => {
  for (const threads of [0, -1, 1.5, Number.NaN]) {
    await expect(wasm({ threads }).compile(network('s0', 32))).rejects.toMatchObject({
      code: 'invalid-argument',
    })
  }
})

test('more threads than the machine runs at a time are not started', async () => {
  const executor = await wasm({ threads: 1000 }).compile(network('s0', 32))
  expect((await executor.run(image(network('s0', 32), 1))).logits!.shape).toEqual([1, 1000])
  await executor.dispose()
})

test('outside of a cross-origin isolated page there is one thread, and the probe names the headers', async () => {
  Object.defineProperty(globalThis, 'crossOriginIsolated', { value: false, configurable: true })
  try {
    const probe = await wasm({ threads: 2 }).probe()
    expect(probe.ok && probe.features.join()).toContain('Cross-Origin-Opener-Policy: same-origin')
    expect(probe.ok && probe.features.join()).toContain('Cross-Origin-Embedder-Policy: require-corp')
    const before = workers()
    const executor = await wasm({ threads: 2 }).compile(network('s0', 32))
    expect(workers()).toBe(before)
    await executor.dispose()
  } finally {
    Reflect.deleteProperty(globalThis, 'crossOriginIsolated')
  }
})
