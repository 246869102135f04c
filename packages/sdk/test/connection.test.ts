import { describe, expect, it } from 'vitest'
import { connect, type Prepare } from '../src/remote/connection.ts'
import type { Request } from '../src/remote/protocol.ts'

/** A frame that can be closed, and its picture. */
class Frame {
  isClosed = false
  close(): void {
    this.isClosed = true
  }
}

function connected(prepare: Prepare) {
  const posted: Request[] = []
  const connection = connect({ post: (request) => posted.push(request), end: () => {} }, prepare)
  return { connection, posted, types: () => posted.map(({ type }) => type) }
}

describe('frames made for a call that is aborted before it is sent', () => {
  it('are closed, alone, in lists and by class; those of the caller are not', async () => {
    const made: Frame[] = []
    const own = new Frame()
    const make = (): Frame => {
      const frame = new Frame()
      made.push(frame)
      return frame
    }
    for (const prepared of [
      () => make(),
      () => [make(), own, make()],
      () => ({ cat: [make()], dog: [own] }),
    ]) {
      const { connection, posted } = connected(async () => prepared())
      const stop = new AbortController()
      const given = Array.isArray(prepared()) ? [0, own, 0] : { dog: [own] }
      const call = connection.call(0, 'logits', [given, { signal: stop.signal }])
      stop.abort()
      await expect(call).rejects.toMatchObject({ code: 'aborted' })
      expect(posted).toEqual([])
    }
    const sent = made.filter(({ isClosed }) => isClosed)
    // Each of them was made once more, to see what it is.
    expect(sent).toHaveLength(made.length / 2)
    expect(own.isClosed).toBe(false)
  })

  it('are closed where the thread has ended', async () => {
    const frame = new Frame()
    const { connection } = connected(async () => frame)
    const call = connection.call(0, 'logits', ['a picture'])
    connection.fail('device-lost', 'the worker has ended')
    await expect(call).rejects.toMatchObject({ code: 'device-lost' })
    expect(frame.isClosed).toBe(true)
  })

  it('are the thread’s once they are sent', async () => {
    const frame = new Frame()
    const { connection, types } = connected(async () => frame)
    const stop = new AbortController()
    const call = connection.call(0, 'logits', ['a picture', { signal: stop.signal }])
    await new Promise((resolve) => setTimeout(resolve))
    stop.abort()
    await expect(call).rejects.toMatchObject({ code: 'aborted' })
    expect(types()).toEqual(['call', 'abort'])
    expect(frame.isClosed).toBe(false)
  })
})

it('closes a frame made of an element that nobody waits for any more', async () => {
  const own = new Frame()
  const frame = new Frame()
  let pull: () => void = () => {}
  const { connection, types } = connected(async (source) => {
    await new Promise<void>((resolve) => (pull = resolve))
    return source === own ? own : frame
  })
  for (const [source, made] of [
    ['a picture', frame],
    [own, own],
  ] as const) {
    const results = connection.stream(0, 'classifyEach', [[source], {}])
    const first = results.next()
    await new Promise((resolve) => setTimeout(resolve))
    const id = source === own ? 2 : 1
    connection.receive({ type: 'pull', id, key: 0 })
    await new Promise((resolve) => setTimeout(resolve))
    connection.receive({ type: 'value', id, value: undefined })
    await first
    pull()
    await new Promise((resolve) => setTimeout(resolve))
    expect(made.isClosed).toBe(made === frame)
  }
  expect(types()).not.toContain('item')
})
