import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { connect } from '../src/remote/connection.ts'
import { failed } from '../src/remote/failed.ts'
import type { Request } from '../src/remote/protocol.ts'
import { stream } from '../src/remote/streams.ts'

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
  readonly frame = new Frame()
  readonly ready: Promise<void> | undefined

  constructor(ready?: Promise<void>) {
    this.ready = ready
  }

  get [Symbol.toStringTag](): string {
    return 'HTMLCanvasElement'
  }
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
