import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { tensor } from '@mobileone/core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Backbone } from '../src/head/index.ts'
import { createClassifier } from '../src/index.ts'
import { type ClassifierPool, createPool, type PoolOptions, transfer } from '../src/remote/node.ts'
import { Opened } from '../src/remote/opened.ts'
import { codeOf, disposePools, open, ownThread, pixels, shipped } from './open-pools.ts'
import { useShippedThreads } from './shipped-threads.ts'
import { tinyModel } from './tiny-model.ts'

const assets = new URL('../../../apps/demo/assets/', import.meta.url)
const weights = new URL('fashion-mnist.safetensors', assets)
const picture = fileURLToPath(new URL('images/2-trouser.png', assets))

useShippedThreads()
afterEach(disposePools)

describe('a pool of threads', () => {
  it('gives what one classifier gives', async () => {
    const pool = await open({ model: weights, size: 2 })
    const classifier = await createClassifier({ model: weights })
    const { stats: _, ...facts } = pool
    expect(Object.keys(facts).sort()).toEqual(
      Object.keys(classifier)
        .filter((name) => name !== 'model' && name !== 'executor')
        .sort(),
    )
    for (const name of [
      'graph',
      'backend',
      'features',
      'memory',
      'labels',
      'preprocess',
      'backbone',
    ] as const) {
      expect(pool[name]).toEqual(classifier[name])
    }
    const input = tensor([1, 1, 28, 28], new Float32Array(784).fill(0.5))
    expect(await pool.logits(input)).toEqual(await classifier.logits(input))
    expect(await pool.embed([picture, picture], { normalize: true })).toEqual(
      await classifier.embed([picture, picture], { normalize: true }),
    )
    for (const each of [pool, classifier]) each.setOptions({ topK: 2 })
    expect(await pool.classify(picture)).toEqual(await classifier.classify(picture))
    expect(await pool.getModel()).toEqual(await classifier.getModel())

    const list = [picture, '/missing.png', new Blob(['none']), picture, pixels, picture, picture, picture]
    const results = async (each: Pick<ClassifierPool, 'classifyEach'>): Promise<unknown[]> => {
      const found: unknown[] = []
      const onProgress = (progress: unknown): void => void found.push(progress)
      for await (const { error, ...result } of each.classifyEach(list, { onProgress })) {
        found.push({ ...result, code: error?.code, message: error?.message })
      }
      return found
    }
    expect(await results(pool)).toEqual(await results(classifier))
    await classifier.dispose()
  })

  it('makes classifiers of new classes on all threads, which live on their own', async () => {
    const pool = await open({ model: weights, size: 2 })
    const dark = { ...pixels, data: new Uint8Array(192) }
    const few = await pool.fewShot({ light: [pixels], dark: [dark] })
    const again = await pool.withHead(few.head)
    await pool.dispose()
    expect(await again.classify(pixels)).toEqual(await few.classify(pixels))
    await again.dispose()
    expect(few.labels).toEqual(['light', 'dark'])
    const tops = await Promise.all(Array.from({ length: 6 }, () => few.classify(dark, { topK: 1 })))
    expect(new Set(tops.map(([top]) => top?.label))).toEqual(new Set(['dark']))
    expect(few.stats()).toMatchObject({ size: 2, ready: 2, queued: 0, running: 0 })
    await few.dispose()
    expect(few.stats().ready).toBe(0)
    expect(await codeOf(few.classify(dark))).toBe('disposed')
  })

  it('refuses at once what the queue has no place for, and takes an aborted call out of it', async () => {
    const pool = await open({
      model: tinyModel,
      size: 1,
      maxQueue: 2,
      worker: ownThread,
      backend: { name: 'slow', ms: 50 },
    })
    const abort = new AbortController()
    const calls = [1, 2, 3].map(() => codeOf(pool.classify(pixels)))
    calls.push(codeOf(pool.classify(pixels, { signal: abort.signal })))
    expect(pool.stats()).toEqual({ size: 1, ready: 1, queued: 2, running: 2, restarts: 0 })
    await expect(pool.classify(pixels)).rejects.toMatchObject({
      code: 'overloaded',
      message: expect.stringContaining('maxQueue'),
    })
    abort.abort()
    expect(pool.stats().queued).toBe(1)
    const last = codeOf(pool.classify(pixels))
    expect(await Promise.all([...calls, last])).toEqual(['done', 'done', 'done', 'aborted', 'done'])

    const all: number[] = []
    for await (const { index } of pool.classifyEach(Array(9).fill(pixels))) all.push(index)
    expect(all).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('finishes what waits before it ends, and takes no more', async () => {
    const pool = await open({
      model: tinyModel,
      size: 1,
      worker: ownThread,
      backend: { name: 'slow', ms: 20 },
    })
    const calls = [1, 2, 3, 4, 5].map(() => codeOf(pool.classify(pixels)))
    const ended = pool.dispose()
    expect(await codeOf(pool.classify(pixels))).toBe('disposed')
    await ended
    expect(await Promise.all(calls)).toEqual(['done', 'done', 'done', 'done', 'done'])
  })

  it('fails a list that goes on after its end', async () => {
    const pool = await open({ model: tinyModel, size: 1 })
    const supply = async function* (): AsyncGenerator<typeof pixels> {
      await pool.dispose()
      yield pixels
    }
    expect(await codeOf(pool.classifyEach(supply()).next())).toBe('disposed')
  })

  it('replaces a thread that ends, failing only the calls that it had', async () => {
    const pool = await open({
      model: tinyModel,
      size: 1,
      worker: ownThread,
      backend: { name: 'fatal', after: 3 },
    })
    pool.setOptions({ topK: 1 })
    await pool.warmUp()
    const headed = await pool.withHead({
      labels: ['a', 'b'],
      weight: new Float32Array(6),
      bias: Float32Array.from([0, 1]),
      backbone: pool.backbone as Backbone,
    })
    expect(await codeOf(pool.classify([pixels, pixels]))).toBe('done')
    const calls = [1, 2, 3].map(() => codeOf(pool.classify(pixels)))
    // The third was waiting for the thread that died, and runs on the next, which was warmed up too.
    expect(await Promise.all(calls)).toEqual(['device-lost', 'device-lost', 'done'])
    expect(pool.stats()).toMatchObject({ ready: 1, restarts: 1 })
    expect(await headed.embed(pixels)).toHaveLength(3)
    await headed.dispose()
  })

  it('tries a head before threads that start are given it', async () => {
    const pool = await open({ model: tinyModel, size: 1, worker: ownThread })
    const head = {
      labels: ['a', 'b'],
      weight: new Float32Array(6),
      bias: Float32Array.from([0, 1]),
      backbone: pool.backbone as Backbone,
    }
    expect(await codeOf(pool.classify('https://end.test/'))).toBe('device-lost')
    expect(pool.stats().ready).toBe(0)
    const unfit = { ...head, weight: new Float32Array(5) }
    const [refused, headed] = await Promise.all([codeOf(pool.withHead(unfit)), pool.withHead(head)])
    expect(refused).toMatch(/^invalid-/)
    expect(headed.labels).toEqual(['a', 'b'])
    expect(await codeOf(pool.classify('https://end.test/'))).toBe('device-lost')
    expect(await headed.classify(pixels)).toMatchObject([{ label: 'b' }, { label: 'a' }])
    expect(pool.stats().restarts).toBe(2)
    await headed.dispose()
  })

  it('gives each result to a supply that waits for it', async () => {
    const pool = await open({ model: tinyModel, size: 2 })
    let give = (): void => {}
    const supply = async function* (): AsyncGenerator<typeof pixels> {
      for (let count = 0; count < 4; count++) {
        const given = new Promise<void>((resolve) => {
          give = resolve
        })
        yield pixels
        await given
      }
    }
    const indices: number[] = []
    for await (const { index } of pool.classifyEach(supply())) {
      indices.push(index)
      give()
    }
    expect(indices).toEqual([0, 1, 2, 3])
  })

  it('hears of an abort until all threads have started', async () => {
    const told = new Int32Array(new SharedArrayBuffer(8))
    const stop = new AbortController()
    const backend = { name: 'telling', told, limit: 1 }
    const pool = codeOf(open({ model: tinyModel, size: 2, worker: ownThread, backend, signal: stop.signal }))
    await vi.waitFor(() => expect(told[0]).toBe(2), { timeout: 30_000 })
    stop.abort()
    expect(await pool).toBe('aborted')
  })

  it('shares weights that are stored as float16 too', async () => {
    const told = new Int32Array(new SharedArrayBuffer(8))
    const backend = { name: 'telling', told }
    await open({ model: tinyModel, size: 3, worker: ownThread, backend, storage: 'float16' })
    expect([...told]).toEqual([3, 0])
  })

  it('gives a new thread the last call of a method, however often it was called', async () => {
    const asked: unknown[] = []
    const opened = new Opened()
    opened.addModel(opened.next(), {}, undefined)
    for (const run of [1, 2, 3]) opened.record(0, 'warmUp', [undefined, run])
    const ask = async (wanted: object, args: readonly unknown[]): Promise<void> =>
      void asked.push([wanted, args])
    await opened.openOn({ ask } as never, { threads: 1, thread: 0 }, () => {})
    expect(asked.slice(1)).toEqual([[{ type: 'call', handle: 0, method: 'warmUp' }, [undefined, 3]]])
  })

  it('closes on a new thread what is disposed of while that opens', async () => {
    const asked: string[] = []
    const opened = new Opened()
    const [network, kept, early, late] = [0, 1, 2, 3].map(() => opened.next()) as [
      number,
      number,
      number,
      number,
    ]
    opened.addModel(network, {}, undefined)
    for (const head of [kept, early, late]) opened.addHead(head, network, {})
    let isReady = false
    const ask = async (wanted: { type: string; handle: number; into?: number }): Promise<void> => {
      asked.push(`${wanted.type} ${wanted.into ?? wanted.handle}`)
      if (wanted.type === 'create') opened.delete(early)
      if (wanted.into === late) for (const handle of [network, late]) opened.delete(handle)
      expect(isReady).toBe(false)
    }
    await opened.openOn({ ask } as never, { threads: 1, thread: 0 }, () => {
      isReady = true
    })
    expect(isReady).toBe(true)
    expect(asked).toEqual([
      `create ${network}`,
      `call ${kept}`,
      `call ${late}`,
      `close ${network}`,
      `close ${late}`,
    ])
  })

  it('refuses defaults that fit no call at once, also those of a head', async () => {
    const pool = await open({ model: weights, size: 1 })
    const dark = { ...pixels, data: new Uint8Array(192) }
    const few = await pool.fewShot({ light: [pixels], dark: [dark] })
    for (const [options, message] of [
      [{ allow: ['light'] }, /^setOptions: allow: there is no class "light"/],
      [{ topK: 0 }, /^setOptions: topK/],
      [{ maxPixels: -1 }, /^setOptions: maxPixels must be at least 1/],
      [{ signal: AbortSignal.abort() }, /^setOptions: a signal belongs to one call/],
    ] as const) {
      const refuse = (): void => pool.setOptions({ threshold: 2, ...options } as never)
      expect(refuse).toThrow(
        expect.objectContaining({ code: 'invalid-argument', message: expect.stringMatching(message) }),
      )
    }
    expect(() => few.setOptions({ allow: ['Trouser'] })).toThrow('there is no class')
    few.setOptions({ allow: ['light'] })
    expect(await few.classify(dark)).toMatchObject([{ label: 'light' }])
    expect(await pool.classify(picture)).toHaveLength(5)
  })

  it('gives a picture that threads cannot be sent an error of its own', async () => {
    const pool = await open({ model: weights, size: 2 })
    const list = [pixels, { ...pixels, data: () => {} }, pixels, () => {}, picture]
    const found: unknown[] = []
    for await (const { index, ok, source, error } of pool.classifyEach(list as never)) {
      found.push([index, ok, source === list[index], error?.code, error?.message.slice(0, 30)])
    }
    const refused = (index: number): unknown[] => [
      index,
      false,
      true,
      'invalid-input',
      `image ${index}: it cannot be sent to `,
    ]
    const done = (index: number): unknown[] => [index, true, true, undefined, undefined]
    expect(found).toEqual([done(0), refused(1), done(2), refused(3), done(4)])
  })

  it('goes through lists alone', async () => {
    const pool = await open({ model: tinyModel, size: 1 })
    for (const images of ['/missing.png', new Uint8Array(192), 5, null]) {
      expect(await codeOf(pool.classifyEach(images as never).next())).toBe('invalid-argument')
    }
  })

  it('fails while it is made as a classifier does, and with the reason of a thread that does not start', async () => {
    const refusal = (options: PoolOptions): Promise<unknown> =>
      createPool({ worker: shipped, ...options }).catch(({ code, message }) => `${code}: ${message}`)
    expect(await refusal({ model: '/missing.safetensors' })).toMatch(/^invalid-|^unavailable/)
    expect(await refusal({ model: weights, size: 0 })).toMatch('invalid-argument: size')
    expect(await refusal({ model: weights, maxQueue: -1 })).toMatch('invalid-argument: maxQueue')
    expect(await refusal({ model: weights, worker: new URL('./none.mjs', import.meta.url) })).toMatch(
      /^unavailable: .*none\.mjs/s,
    )
    expect(await refusal({ model: weights, backend: 'mine' })).toMatch('invalid-argument')
    expect(await refusal({ model: weights, signal: AbortSignal.abort() })).toMatch('aborted')
  })

  it('moves what was given away and copies the rest', async () => {
    const pool = await open({ model: tinyModel, size: 1 })
    const kept = { ...pixels, data: new Uint8Array(192) }
    const gone = transfer({ ...pixels, data: new Uint8Array(192) })
    const pooled = Buffer.from('no picture')
    await pool.classify([kept, gone])
    expect([kept.data.length, gone.data.length]).toEqual([192, 0])
    expect(await codeOf(pool.classify(pooled))).toBe('invalid-file')
    expect(pooled.toString()).toBe('no picture')
  })

  it('runs on ONNX Runtime by name', async () => {
    const pool = await open({ model: weights, size: 1, backend: { name: 'ort', numThreads: 1 } })
    expect(pool.backend).toBe('ort')
    expect(await pool.classify(picture, { topK: 1 })).toMatchObject([{ label: 'Trouser' }])
  })

  it('lets the process end while it is idle', () => {
    const script = `
      import { createPool } from ${JSON.stringify(createRequire(import.meta.url).resolve('../dist/node.mjs'))}
      const pool = await createPool({ model: new URL(${JSON.stringify(weights.href)}), size: 2 })
      console.log((await pool.classify(${JSON.stringify(picture)}))[0].label)`
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'Trouser\n', stderr: '' })
  })

  it('serves pictures over HTTP as the README says', async () => {
    const script = fileURLToPath(new URL('./pool-example.mjs', import.meta.url))
    expect(readFileSync(new URL('../README.md', import.meta.url), 'utf8')).toContain(
      `\`\`\`js\n${readFileSync(script, 'utf8')}\`\`\``,
    )
    const service = spawn(process.execPath, [script, fileURLToPath(weights), '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(service, 'exit')
    try {
      const [line] = (await once(service.stdout, 'data')) as [Buffer]
      const url = `http://127.0.0.1:${/\d+/.exec(line.toString())?.[0]}`
      const send = async (body: string | Buffer): Promise<unknown[]> => {
        const answer = await fetch(url, { method: 'POST', body: body as never })
        return [answer.status, await answer.text()]
      }
      const [status, text] = await send(readFileSync(picture))
      expect([status, JSON.parse(text as string)]).toMatchObject([200, [{ label: 'Trouser' }, {}, {}]])
      expect(await send('no picture')).toMatchObject([400, expect.stringContaining('cannot be decoded')])
      expect(await send('x'.repeat(4_000_001))).toMatchObject([400, expect.stringContaining('maxBytes')])
    } finally {
      service.kill('SIGTERM')
    }
    expect(await ended).toEqual([0, null])
  })
})
