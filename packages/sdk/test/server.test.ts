import { type Backend, MobileOneError, reference } from '@mobileone/core'
import { describe, expect, it } from 'vitest'
import type { Classifier } from '../src/classifier.ts'
import type { Connection } from '../src/remote/calls.ts'
import { connect } from '../src/remote/connection.ts'
import { failed } from '../src/remote/failed.ts'
import type { Made, Reply, Request } from '../src/remote/protocol.ts'
import { remoteClassifier } from '../src/remote/remote-classifier.ts'
import { createServer } from '../src/remote/server.ts'
import { tinyModel } from './tiny-model.ts'

const pixels = { width: 8, height: 8, channels: 3 as const, data: new Uint8Array(192).map((_, i) => i) }
const dark = { ...pixels, data: new Uint8Array(192) }

/** Facts of it cannot be cloned. */
const unsendable = (): Backend => {
  const inner = reference()
  return {
    ...inner,
    async compile(model, options) {
      return { ...(await inner.compile(model, options)), features: [() => {}] as never }
    },
  }
}

/** A classifier whose thread is this one; what is posted is cloned as it is between threads. */
async function open(
  options: object = {},
): Promise<{ readonly classifier: Classifier; readonly connection: Connection }> {
  const receive = createServer(
    (reply, transfer) => {
      const sent = structuredClone(reply, { transfer })
      setImmediate(() => connection.receive(sent))
    },
    { backends: { reference, unsendable } },
  )
  const connection = connect({
    postMessage(request, transfer) {
      const sent = structuredClone(request, { transfer })
      setImmediate(() => receive(sent))
    },
    terminate: () => {},
  })
  connection.receive({ type: 'hello' })
  const args = [{ model: tinyModel, backend: 'reference', ...options }]
  const made = (await connection.ask({ type: 'create', handle: 0 }, args)) as Made
  return { classifier: remoteClassifier(connection, made), connection }
}

/** A server by itself, and its reply of `type` to the call `id`. */
function served(): {
  receive(request: Request): void
  answer(id: number, type?: Reply['type']): Promise<Reply & { readonly value?: unknown }>
} {
  const replies: Reply[] = []
  let wake = (): void => {}
  const receive = createServer(
    (reply) => {
      replies.push(reply)
      wake()
    },
    { backends: { reference } },
  )
  return {
    receive,
    async answer(id, type = 'value') {
      for (;;) {
        const found = replies.find((reply) => 'id' in reply && reply.id === id && reply.type === type)
        if (found) return found
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

it.each(['before', 'after'])(
  'keeps no classifier that a call makes whose abort comes %s its answer: the thread ends with the others',
  async (when) => {
    const { receive, answer } = served()
    receive({ type: 'create', id: 1, handle: 0, args: [{ model: tinyModel, backend: 'reference' }] })
    const { facts } = (await answer(1)).value as Made
    const head = {
      labels: ['a', 'b'],
      weight: new Float32Array(6),
      bias: new Float32Array(2),
      backbone: facts.backbone,
    }
    receive({ type: 'call', id: 2, handle: 0, method: 'withHead', args: [undefined, head] })
    if (when === 'after') await answer(2)
    receive({ type: 'abort', id: 2 })
    if (when === 'before') expect(await answer(2, 'error')).toMatchObject({ error: { code: 'aborted' } })
    receive({ type: 'close', id: 3, handle: 0, args: [] })
    expect(await answer(3)).toMatchObject({ value: true })
  },
)

it('fails a call whose answer cannot be sent', async () => {
  await expect(open({ backend: 'unsendable' })).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('could not be cloned'),
  })
})

it('takes callbacks and limits as defaults of later calls', async () => {
  const { classifier } = await open()
  const told: number[] = []
  classifier.setOptions({ topK: 2, maxBytes: 10, onTimes: ({ index }) => told.push(index) })
  expect(await classifier.classify([pixels, dark])).toMatchObject([{ length: 2 }, { length: 2 }])
  expect(told).toEqual([0, 1])
  expect(await classifier.classify(pixels, { topK: 1, onTimes: () => told.push(9) })).toHaveLength(1)
  expect(told).toEqual([0, 1, 9])
  const body = (): Response => new Response(new Uint8Array(11))
  const tooLong = { code: 'invalid-input', message: expect.stringMatching(/ 10 bytes .*maxBytes/) }
  await expect(classifier.classify(body())).rejects.toMatchObject(tooLong)
  const listed = await classifier.classifyEach([body()]).next()
  expect(listed.value).toMatchObject({ index: 0, ok: false, error: tooLong })
  // No picture, but one that has been read.
  await expect(classifier.classify(body(), { maxBytes: 11 })).rejects.toMatchObject({ code: 'invalid-file' })
})

it('gives callbacks errors as errors', async () => {
  const { classifier } = await open()
  const skipped: unknown[] = []
  const pictures = [new Blob(['no picture']), pixels, dark]
  await classifier
    .quantize(pictures, { onSkipped: (error, index) => skipped.push(index, error) })
    .catch(() => {})
  expect(skipped).toEqual([0, expect.any(MobileOneError)])
})

it('is disposed of without an error when its thread is lost', async () => {
  const { classifier, connection } = await open()
  connection.fail(failed('device-lost', 'the thread has ended'))
  await classifier.dispose()
  await expect(classifier.classify(pixels)).rejects.toMatchObject({ code: 'disposed' })
})

describe('a response whose body never ends', () => {
  function endless(): { response: Response; cancelled: Promise<void> } {
    let cancel = (): void => {}
    const cancelled = new Promise<void>((resolve) => {
      cancel = resolve
    })
    return { response: new Response(new ReadableStream({ cancel })), cancelled }
  }

  it('is given up after stallTimeoutMs', async () => {
    const { classifier } = await open()
    const stalled = { code: 'network', message: expect.stringContaining('stallTimeoutMs') }
    const alone = endless()
    const call = classifier.classify(alone.response, { stallTimeoutMs: 10 })
    await expect(call).rejects.toMatchObject(stalled)
    await alone.cancelled
    const listed = endless()
    const results = classifier.classifyEach([listed.response, pixels], { stallTimeoutMs: 10 })
    expect((await results.next()).value).toMatchObject({ index: 0, ok: false, error: stalled })
    expect((await results.next()).value).toMatchObject({ index: 1, ok: true })
    await listed.cancelled
  })

  it('is given up at an abort', async () => {
    const { classifier } = await open()
    const alone = endless()
    const stop = new AbortController()
    const call = classifier.classify(alone.response, { signal: stop.signal })
    const listed = endless()
    const next = classifier.classifyEach([listed.response], { signal: stop.signal }).next()
    for (const reading of [alone, listed]) {
      while (!reading.response.bodyUsed) await new Promise(setImmediate)
    }
    stop.abort()
    await expect(call).rejects.toMatchObject({ code: 'aborted' })
    await expect(next).rejects.toMatchObject({ code: 'aborted' })
    await Promise.all([alone.cancelled, listed.cancelled])
  })
})
