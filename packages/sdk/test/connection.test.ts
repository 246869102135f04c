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
  await until(() => expect(posted.at(-1)).toMatchObject({ type: 'item', item: { done: false, value: null } }))
})

it('gives a picture that cannot be sent an error of its own, and goes on', async () => {
  const posted: Request[] = []
  const connection = connect({
    postMessage(request) {
      structuredClone(request)
      posted.push(request)
    },
    terminate: () => {},
  })
  connection.receive({ type: 'hello' })
  const reading = Promise.reject(new Error('tainted'))
  reading.catch(() => {})
  const tainted = new Canvas(reading)
  const pictures = [new Uint8Array(3), { width: 1, height: 1, data: () => {} }, tainted, 'a.png']
  const results = stream(connection, 0, 'classifyEach', [pictures, {}])
  const first = results.next()
  for (const [index, value] of [new Uint8Array(3), null, null, 'a.png'].entries()) {
    await until(() => expect(posted.filter(({ type }) => type !== 'next')).toHaveLength(index + 1))
    connection.receive({ type: 'pull', id: 1, key: 0 })
    await until(() => expect(posted.at(-1)).toMatchObject({ type: 'item', item: { done: false, value } }))
  }
  const unreadable = { ok: false, error: new Error('null is no image source') }
  for (const [index, rest] of [{ ok: true }, unreadable, unreadable, { ok: true }].entries()) {
    connection.receive({ type: 'item', id: 1, value: { index, ...rest } })
  }
  const found = [(await first).value]
  for (const _ of [1, 2, 3]) found.push((await results.next()).value)
  const refused = (index: number, message: RegExp): object => ({
    index,
    ok: false,
    error: expect.objectContaining({ code: 'invalid-input', message: expect.stringMatching(message) }),
  })
  expect(found).toEqual([
    { index: 0, ok: true },
    refused(1, /^image 1: it cannot be sent to the worker: .*clone/),
    refused(2, /^image 2: the HTMLCanvasElement cannot be read: tainted/),
    { index: 3, ok: true },
  ])
  const end = results.return()
  connection.receive({ type: 'value', id: 1, value: undefined })
  await end
})

describe('an element of more pixels than allowed', () => {
  const drawn = vi.fn()
  class Sized extends Canvas {
    readonly width = 30
    readonly height = 20
  }
  class Video extends Sized {
    override readonly kind = 'HTMLVideoElement'
    readonly videoWidth = 40
    readonly videoHeight = 20
  }
  class Photograph extends Sized {
    override readonly kind = 'HTMLImageElement'
    naturalWidth = 0
    naturalHeight = 0
    readonly #loads: boolean
    constructor(loads: boolean) {
      super()
      this.#loads = loads
      if (!loads) Object.assign(this, { naturalWidth: 40, naturalHeight: 20 })
    }
    decode(): void {
      if (this.#loads) Object.assign(this, { naturalWidth: 40, naturalHeight: 20 })
      else drawn()
    }
  }

  beforeAll(() => {
    vi.stubGlobal('VideoFrame', drawn)
    vi.stubGlobal('createImageBitmap', drawn)
  })

  it.each([
    ['canvas', new Sized(), [{ maxPixels: 9 }], /HTMLCanvasElement has 30x20 .*the 9 allowed/],
    ['video', new Video(), [undefined, { maxPixels: 799 }], /HTMLVideoElement has 40x20 .* 799 allowed/],
    ['image', new Photograph(false), [{ maxPixels: 9 }, { maxPixels: 799 }], /HTMLImageElement has 40x20/],
    ['image that loads', new Photograph(true), [{ maxPixels: 799 }], /HTMLImageElement has 40x20/],
    ['canvas over the usual limit', Object.assign(new Sized(), { width: 1e7 }), [], / 100000000 allowed/],
  ])('is refused before it is copied: a %s', async (_, element, options, message) => {
    const { connection, posted } = connected()
    const call = connection.ask(logits, [options[0], element, options[1]])
    await expect(call).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringMatching(message),
    })
    expect(drawn).not.toHaveBeenCalled()
    expect(posted).toEqual([])
  })

  it('is taken where the call allows it', async () => {
    const { connection, posted } = connected()
    const frame = new Frame()
    drawn.mockReturnValueOnce(frame)
    connection.ask(logits, [{ maxPixels: 9 }, new Sized(), { maxPixels: 600 }]).catch(() => {})
    await until(() => expect(posted).toMatchObject([{ args: [{}, frame, {}] }]))
  })
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
