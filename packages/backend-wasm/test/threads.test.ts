import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  compileFirst,
  type Executor,
  type Model,
  type Node,
  type Refusal,
  tensor,
  withBatch,
} from '@mobileone/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { wasm } from '../src/index.ts'
import { image, network } from './networks.ts'
import { rewriteWorkers } from './rewrite-workers.ts'

const limit = availableParallelism()
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

test.skipIf(limit < 2)('a program of more steps than threads can count runs on one', async () => {
  const nodes: Node[] = []
  let value = 'x'
  for (let index = 0; nodes.length < 1050; index++) {
    const parts = Array.from({ length: 8 }, () => value) as [string, ...string[]]
    nodes.push({ op: 'concat', name: `all${index}`, inputs: parts, axis: 1 })
    value = `one${index}`
    nodes.push({ op: 'slice', name: value, inputs: [`all${index}`], axis: 1, start: 8, end: 16 })
  }
  const model: Model = {
    name: 'long',
    inputs: { x: { dtype: 'float32', shape: [1, 8, 1, 1] } },
    nodes,
    outputs: { y: value },
    weights: {},
  }
  const executor = await wasm({ threads: 2 }).compile(model)
  expect(executor.steps.length).toBeGreaterThan(4095)
  expect(executor.features?.at(-1)).toMatch(/^1 thread: the model has more than 4095 steps/)
  const x = tensor(
    [1, 8, 1, 1],
    Float32Array.from({ length: 8 }, (_, index) => index),
  )
  expect([...(await executor.run({ x })).y!.data]).toEqual([...x.data])
  await executor.dispose()
})

describe.each([1, 2])('%i thread(s)', (threads) => {
  test('a run can be aborted between steps, and the next one is right', { retry: 2 }, async () => {
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

test('more threads than the machine runs at a time are refused with the limit', async () => {
  const backend = wasm({ threads: 99_999 })
  await expect(backend.compile(network('s0', 32))).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(
      new RegExp(`threads: 99999 are more than the ${limit} that this machine runs at a time`),
    ),
  })
  expect(await backend.probe()).toEqual({
    ok: false,
    reason: expect.stringContaining(`use ${limit} at most`),
  })
})

test('the probe and the executor say how many threads there are', async () => {
  const features = async (threads?: number): Promise<readonly string[]> => {
    const backend = wasm(threads === undefined ? {} : { threads })
    const probe = await backend.probe()
    const executor = await backend.compile(network('s0', 32))
    await executor.dispose()
    expect(probe).toMatchObject({ ok: true, features: executor.features })
    return executor.features ?? []
  }
  expect((await features()).at(-1)).toMatch(/^1 thread/)
  if (limit > 1) expect((await features(2)).at(-1)).toBe('2 threads')
})

test('auto says which number of threads it chose and gives the results of one', async () => {
  const model = network('s0', 64)
  const [one, auto] = [await wasm().compile(model), await wasm({ threads: 'auto' }).compile(model)]
  expect(auto.features?.at(-1)).toMatch(
    limit > 1 ? /^(1 thread|[2-4] threads): [\d.]+ ms a run, [\d.]+ ms on [1-4]$/ : /^1 thread: /,
  )
  expect(await logits(auto, model, 1)).toEqual(await logits(one, model, 1))
  await Promise.all([one.dispose(), auto.dispose()])
})

describe.skipIf(limit < 2)('a worker', () => {
  /** The thread ends when it has claimed its first piece of work. The text behind this is minified: nothing in it has a name. */
  const dying = (text: string): string => `
    const { compareExchange } = Atomics
    Atomics.compareExchange = (array, at, from, to) => {
      const found = compareExchange(array, at, from, to)
      if (found === from) process.exit()
      return found
    }
    ${text}`

  test('that is killed while it holds work rejects the run at once', async () => {
    using _ = rewriteWorkers(dying)
    const model = withBatch(network('s0', 96), 4)
    const executor = await wasm({ threads: 2 }).compile(model)
    let started = 0
    const runUntilLost = async (): Promise<never> => {
      for (let run = 0; run < 100; run++) {
        started = performance.now()
        await executor.run(image(model, 1))
      }
      throw new Error('no worker thread took any work in 100 runs')
    }
    await expect(runUntilLost()).rejects.toMatchObject({
      code: 'device-lost',
      message: expect.stringContaining('a worker thread is lost: it ended'),
    })
    expect(performance.now() - started).toBeLessThan(5000)
    await expect(executor.run(image(model, 1))).rejects.toMatchObject({ code: 'device-lost' })
    await executor.dispose()
  }, 50_000)

  test('that lives and stalls while it holds work lets the event loop turn, and is given up after 60 s', async () => {
    using _ = rewriteWorkers((text) =>
      dying(text).replace('process.exit()', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'),
    )
    const now = performance.now.bind(performance)
    let ahead = 0
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + ahead)
    try {
      const model = withBatch(network('s0', 96), 4)
      const executor = await wasm({ threads: 2 }).compile(model)
      const isStalled = async (run: Promise<unknown>): Promise<boolean> => {
        const late = new Promise<boolean>((resolve) => setTimeout(resolve, 2000, true))
        return Promise.race([late, run.then(() => false)])
      }
      let run = executor.run(image(model, 1))
      for (let tries = 0; !(await isStalled(run)) && tries < 100; tries++) run = executor.run(image(model, 1))
      ahead = 61_000
      await expect(run).rejects.toMatchObject({
        code: 'device-lost',
        message: expect.stringContaining('it has not finished its work for 60 s'),
      })
      await executor.dispose()
    } finally {
      clock.mockRestore()
    }
  }, 50_000)

  test('that is killed between runs rejects the next one', async () => {
    using workers = rewriteWorkers((text) => text)
    const model = network('s0', 32)
    const executor = await wasm({ threads: 2 }).compile(model)
    await executor.run(image(model, 1))
    await Promise.all(workers.started.map((worker) => worker.terminate()))
    await expect(executor.run(image(model, 1))).rejects.toMatchObject({ code: 'device-lost' })
    await executor.dispose()
  })

  test.each([
    ['does not load', 'throw new Error("no such thing")', /no such thing/],
    ['ends', 'process.exit(3)', /it ended/],
  ])('that %s makes compile a refusal, so that one thread is tried next', async (_, text, reason) => {
    using _workers = rewriteWorkers(() => text)
    const refusals: Refusal[] = []
    await expect(wasm({ threads: 2 }).compile(network('s0', 32))).rejects.toMatchObject({
      code: 'unavailable',
    })
    const executor = await compileFirst(network('s0', 32), [wasm({ threads: 2 }), wasm()], {
      onRefusal: (refusal) => refusals.push(refusal),
    })
    expect(refusals).toEqual([{ backend: 'wasm', reason: expect.stringMatching(reason) }])
    expect(executor.features?.at(-1)).toMatch(/^1 thread/)
    await executor.dispose()
    const auto = await wasm({ threads: 'auto' }).compile(network('s0', 32))
    expect(auto.features?.at(-1)).toMatch(/^1 thread: wasm: a worker thread did not start/)
    await auto.dispose()
  })

  test('that never answers can be aborted', async () => {
    using _ = rewriteWorkers(() => 'setInterval(() => {}, 1000)')
    const controller = new AbortController()
    const compiling = wasm({ threads: 2 }).compile(network('s0', 32), { signal: controller.signal })
    setTimeout(() => controller.abort(), 200)
    await expect(compiling).rejects.toMatchObject({ code: 'aborted' })
  })
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

test('an isolated page of an engine without SharedArrayBuffer is not told to send headers', async () => {
  vi.stubGlobal('crossOriginIsolated', true)
  vi.stubGlobal('SharedArrayBuffer', undefined)
  try {
    const probe = await wasm({ threads: 2 }).probe()
    expect(probe.ok && probe.features.at(-1)).toMatch(/^1 thread: this browser has no SharedArrayBuffer/)
    expect(probe.ok && probe.features.join()).not.toContain('Cross-Origin-Embedder-Policy')
  } finally {
    vi.unstubAllGlobals()
  }
})
