import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { wholeSources } from '../src/remote/arguments.ts'
import { connect } from '../src/remote/connection.ts'
import { failed } from '../src/remote/failed.ts'
import type { Request } from '../src/remote/protocol.ts'
import { startOtherwise } from '../src/remote/start-otherwise.ts'
import { stream } from '../src/remote/streams.ts'
import { createWorkerClassifier } from '../src/remote/worker.ts'

const logits = { type: 'call', handle: 0, method: 'logits' } as const

/** A frame that can be closed, and its picture. */
class Frame {
  isClosed = false
  close(): void {
    this.isClosed = true
  }
}

/** An element whose picture is `frame`, as soon as `ready` says. */
class Canvas {
  readonly kind: string = 'HTMLCanvasElement'
  readonly frame = new Frame()
  readonly ready: Promise<void> | undefined

  constructor(ready?: Promise<void>) {
    this.ready = ready
  }

  get [Symbol.toStringTag](): string {
    return this.kind
  }
}

class Image extends Canvas {
  override readonly kind = 'HTMLImageElement'
}

beforeAll(() => {
  vi.stubGlobal('createImageBitmap', async ({ ready, frame }: Canvas) => {
    await ready
    return frame
  })
})
afterAll(() => {
  vi.unstubAllGlobals()
})

function connected() {
  const posted: Request[] = []
  const connection = connect({ postMessage: (request) => posted.push(request), terminate: () => {} })
  connection.receive({ type: 'hello' })
  return { connection, posted, types: () => posted.map(({ type }) => type) }
}

/** As soon as `check` throws no more. */
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 30_000 })

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

describe('frames made for a call that is aborted before it is sent', () => {
  it('are closed, alone, in lists and by class; those of the caller are not', async () => {
    const own = new Frame()
    for (const shape of [
      ([canvas]: readonly Canvas[]) => canvas,
      ([first, second]: readonly Canvas[]) => [first, own, second],
      ([first, second]: readonly Canvas[]) => ({ cat: [first], dog: [own, second] }),
    ]) {
      const { connection, posted } = connected()
      const canvases = [new Canvas(), new Canvas(turn())]
      const stop = new AbortController()
      const call = connection.ask(logits, [shape(canvases), { signal: stop.signal }])
      stop.abort()
      await expect(call).rejects.toMatchObject({ code: 'aborted' })
      await turn()
      await turn()
      expect(posted).toEqual([])
      expect(canvases[0]?.frame.isClosed).toBe(true)
      if (shape(canvases) !== canvases[0]) expect(canvases[1]?.frame.isClosed).toBe(true)
    }
    expect(own.isClosed).toBe(false)
  })

  it('are closed where the thread has ended', async () => {
    const canvas = new Canvas()
    const { connection } = connected()
    const call = connection.ask(logits, [canvas])
    connection.fail(failed('device-lost', 'the worker has ended'))
    await expect(call).rejects.toMatchObject({ code: 'device-lost' })
    await turn()
    expect(canvas.frame.isClosed).toBe(true)
  })

  it('are closed where another element cannot be read', async () => {
    const good = new Canvas()
    const late = new Canvas(new Promise((resolve) => setTimeout(resolve, 100)))
    const bad = new Canvas(Promise.reject(new Error('tainted')))
    const { connection, posted } = connected()
    const call = connection.ask({ ...logits, method: 'classify' }, [[good, bad, late]])
    await expect(call).rejects.toMatchObject({ code: 'invalid-input', message: /tainted/ })
    await late.ready
    await turn()
    expect(posted).toEqual([])
    expect([good, late].map(({ frame }) => frame.isClosed)).toEqual([true, true])
  })

  it('are the thread’s once they are sent', async () => {
    const canvas = new Canvas()
    const { connection, types } = connected()
    const stop = new AbortController()
    const call = connection.ask(logits, [canvas, { signal: stop.signal }])
    await turn()
    stop.abort()
    await expect(call).rejects.toMatchObject({ code: 'aborted' })
    expect(types()).toEqual(['call', 'abort'])
    expect(canvas.frame.isClosed).toBe(false)
  })
})

it('closes a frame made of an element that nobody waits for any more', async () => {
  for (const isOwn of [false, true]) {
    const { connection, types } = connected()
    let pull: () => void = () => {}
    const canvas = new Canvas(new Promise((resolve) => (pull = resolve)))
    const results = stream(connection, 0, 'classifyEach', [[isOwn ? canvas.frame : canvas], {}])
    const first = results.next()
    await turn()
    connection.receive({ type: 'pull', id: 1, key: 0 })
    await turn()
    connection.receive({ type: 'value', id: 1, value: undefined })
    await first
    pull()
    await turn()
    expect(canvas.frame.isClosed).toBe(!isOwn)
    expect(types().includes('item')).toBe(isOwn)
  }
})

it('sends `next` of a stream when its first result has been taken', async () => {
  const { connection, types } = connected()
  const results = stream(connection, 0, 'classifyEach', [[new Canvas(turn())], {}])
  const first = results.next()
  await turn()
  await turn()
  connection.receive({ type: 'item', id: 1, value: 'one' })
  expect(await first).toEqual({ done: false, value: 'one' })
  expect(types()).toEqual(['call'])
  results.next()
  await turn()
  expect(types()).toEqual(['call', 'next'])
  const rest = results.next()
  connection.receive({ type: 'item', id: 1, value: 'two' })
  await turn()
  results.return()
  connection.receive({ type: 'item', id: 1, value: 'three' })
  await rest
  await turn()
  expect(types()).toEqual(['call', 'next', 'next', 'abort'])
})

it('refuses to ignore the orientation of an image element, which has been turned', async () => {
  const { connection, posted } = connected()
  const ignore = { orientation: 'ignore' }
  const turned = { code: 'unsupported', message: expect.stringContaining('upright') }
  const calls = [
    [undefined, new Image(), ignore],
    [undefined, [new Canvas(), new Image()], ignore],
    [undefined, { cat: [new Image()] }, ignore],
    [ignore, new Image()],
  ]
  for (const args of calls) await expect(connection.ask(logits, args)).rejects.toMatchObject(turned)
  expect(posted).toEqual([])
  const wellOnes = [
    [undefined, new Canvas(), ignore],
    [ignore, new Image(), { orientation: 'apply' }],
    [undefined, new Image(), { label: 'ignore' }],
  ]
  for (const args of wellOnes) connection.ask(logits, args)
  await until(() => expect(posted).toHaveLength(wellOnes.length))

  const results = stream(connection, 0, 'classifyEach', [[new Image()], ignore])
  results.next().catch(() => {})
  await until(() => expect(posted).toHaveLength(wellOnes.length + 1))
  const { id } = posted.at(-1) as { readonly id: number }
  connection.receive({ type: 'pull', id, key: 0 })
  await until(() => expect(posted.at(-1)).toMatchObject({ type: 'item', item: { error: turned } }))
})

it('makes the addresses of a record whole, whatever its classes are called', () => {
  const base = 'https://page.test/photos/'
  const pixels = { width: 1, height: 1, data: new Uint8Array(3) }
  expect(wholeSources({ data: ['a.png', pixels], other: ['/b.png'] }, base)).toEqual({
    data: ['https://page.test/photos/a.png', pixels],
    other: ['https://page.test/b.png'],
  })
})

describe('a worker', () => {
  class OwnWorker extends EventTarget {
    readonly posted: unknown[] = []
    readonly address: string
    constructor(address = '') {
      super()
      this.address = address
    }
    postMessage(message: unknown): void {
      this.posted.push(message)
    }
    terminate(): void {}
  }

  beforeAll(() => {
    vi.stubGlobal('Worker', OwnWorker)
    vi.stubGlobal('location', new URL('https://page.test/app/worker.mjs'))
  })

  it('reads addresses as relative to the worker that owns it, where no page does', async () => {
    const worker = new OwnWorker() as OwnWorker & Worker
    createWorkerClassifier({ model: '../weights', worker }).catch(() => {})
    await until(() => expect(worker.onmessage).toBeDefined())
    worker.onmessage?.({ data: { type: 'hello' } } as MessageEvent)
    await until(() =>
      expect(worker.posted).toContainEqual(
        expect.objectContaining({ type: 'create', base: 'https://page.test/app/worker.mjs' }),
      ),
    )
  })

  it.each(['message', 'error'])(
    'of another origin keeps its address no longer than to its first %s',
    (type) => {
      const revoked = vi.spyOn(URL, 'revokeObjectURL')
      const worker = startOtherwise('https://cdn.test/worker.mjs', new Error('of another origin'))
      expect(revoked).not.toHaveBeenCalled()
      worker.dispatchEvent(new Event(type))
      expect(revoked).toHaveBeenCalledWith((worker as Worker & OwnWorker).address)
      revoked.mockRestore()
    },
  )
})
