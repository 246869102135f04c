/** Calls that read an iterable of their owner, and answer with one. */
import { isMobileOneError } from '@mobileone/core'
import type { Calls, Luggage } from './calls.ts'
import { sendingError } from './faults.ts'
import { mark } from './mark.ts'
import type { Item, ItemReply, MethodName } from './protocol.ts'
import { pack, unpack } from './wire.ts'

type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>

/** The results of `method`, each asked for when the one before it has been taken. */
export async function* stream(
  { pending, post, open, toSend }: Calls,
  handle: number,
  method: MethodName,
  [images, ...others]: readonly unknown[],
): AsyncGenerator<unknown, void, undefined> {
  const iterator = iteratorOf(images)
  const results: unknown[] = []
  let done = false
  let failed: { readonly error: unknown } | undefined
  let wake = (): void => {}
  const endSource = (): void => void Promise.resolve(iterator?.return?.()).catch(() => {})
  const onPull = async ({ id, key }: ItemReply & { readonly type: 'pull' | 'stop' }): Promise<void> => {
    const made: { close(): void }[] = []
    const transfer = new Set<Transferable>()
    const luggage: Luggage = { callbacks: [], transfer, onMade: (picture) => made.push(picture) }
    const item = await nextItem(iterator, (source) => toSend(source, '', luggage, []))
    if (!pending.has(id)) {
      for (const picture of made) picture.close()
      return
    }
    try {
      post({ type: 'item', id, key, item }, transfer)
    } catch (cause) {
      post({ type: 'item', id, key, item: failure(sendingError('an item', [], cause)) })
    }
  }
  const source = iterator ? { [mark]: 'iterable', key: 0 } : images
  const { id, end, sent } = open({ type: 'call', handle, method }, [source, ...others], {
    onItem(reply) {
      switch (reply.type) {
        case 'item':
          results.push(unpack(reply.value))
          wake()
          return
        case 'pull':
          onPull(reply)
          return
        case 'stop':
          endSource()
          return
        default:
          reply satisfies never
      }
    },
    onValue() {
      done = true
      wake()
    },
    onError(error) {
      failed = { error }
      wake()
    },
  })
  try {
    await sent
    for (;;) {
      if (!failed && !done) post({ type: 'next', id })
      while (results.length === 0 && !failed && !done) await new Promise<void>((resolve) => (wake = resolve))
      if (results.length > 0) yield results.shift()
      else if (failed) throw failed.error
      else return
    }
  } finally {
    if (!failed && !done) post({ type: 'abort', id })
    end()
    endSource()
  }
}

/** None of what the thread is to refuse. */
function iteratorOf(images: unknown): AnyIterator | undefined {
  if (typeof images !== 'object' || images === null || ArrayBuffer.isView(images)) return undefined
  if (Symbol.asyncIterator in images) return (images as AsyncIterable<unknown>)[Symbol.asyncIterator]()
  return Symbol.iterator in images ? (images as Iterable<unknown>)[Symbol.iterator]() : undefined
}

async function nextItem(
  iterator: AnyIterator | undefined,
  prepare: (source: unknown) => Promise<unknown>,
): Promise<Item> {
  try {
    const next = await iterator?.next()
    if (!next || next.done) return { done: true }
    return { done: false, value: await prepare(next.value) }
  } catch (error) {
    return failure(error)
  }
}

function failure(error: unknown): Item {
  const known = error instanceof Error || isMobileOneError(error) ? error : new Error(String(error))
  return { done: false, error: pack(known).value }
}
