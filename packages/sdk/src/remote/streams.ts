/** Calls that read an iterable of their owner, and answer with one. */
import { isMobileOneError } from '@mobileone/core'
import type { Connection, Luggage } from './calls.ts'
import { sendingError } from './faults.ts'
import { mark } from './mark.ts'
import type { Item, ItemReply, MethodName } from './protocol.ts'
import { checkUpright } from './rarely-sent.ts'
import { pack, unpack } from './wire.ts'

type ItemOf = Extract<ItemReply, { readonly type: 'item' }>
export type AnyIterable = Iterable<unknown> | AsyncIterable<unknown>
type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>

/** The results of `method`, each asked for when the one before it has been taken. */
export async function* stream(
  { thread, pending, ask, toSend }: Connection,
  handle: number,
  method: MethodName,
  [images, ...others]: readonly [AnyIterable, ...unknown[]],
): AsyncGenerator<unknown, void, undefined> {
  const iterator = iteratorOf(images)
  const results: ItemOf[] = []
  const end = new AbortController()
  let wake = (): void => {}
  const endSource = (): void => void Promise.resolve(iterator.return?.()).catch(() => {})
  const answer = ask(
    { type: 'call', handle, method },
    [undefined, { [mark]: 'iterable', key: 0 }, ...others],
    {
      item(reply) {
        results.push(reply)
        wake()
      },
      async pull({ id, key }) {
        const luggage: Luggage = {
          args: others,
          callbacks: [],
          made: [],
          transfer: new Set(),
          signal: end.signal,
        }
        const item = await nextItem(iterator, (source) => {
          checkUpright([source, ...others])
          return toSend(source, luggage).catch((reason) =>
            Promise.reject(sendingError('an item', [], reason)),
          )
        })
        if (!pending.has(id)) {
          for (const picture of luggage.made) (await picture).close()
          return
        }
        try {
          thread.postMessage({ type: 'item', id, key, item }, [...luggage.transfer])
        } catch (cause) {
          thread.postMessage({ type: 'item', id, key, item: failure(sendingError('an item', [], cause)) }, [])
        }
      },
      stop: endSource,
    },
  ).finally(() => {
    end.abort()
    wake()
  })
  answer.catch(() => {})
  let id: number | undefined
  try {
    for (;;) {
      while (results.length === 0 && !end.signal.aborted)
        await new Promise<void>((resolve) => (wake = resolve))
      const [result] = results.splice(0, 1)
      if (!result) {
        await answer
        return
      }
      id = result.id
      yield unpack(result.value)
      if (!end.signal.aborted) thread.postMessage({ type: 'next', id }, [])
    }
  } finally {
    if (id !== undefined) pending.get(id)?.cancel(undefined)
    endSource()
  }
}

function iteratorOf(images: AnyIterable): AnyIterator {
  return Symbol.asyncIterator in images ? images[Symbol.asyncIterator]() : images[Symbol.iterator]()
}

async function nextItem(
  iterator: AnyIterator,
  prepare: (source: unknown) => Promise<unknown>,
): Promise<Item> {
  try {
    const next = await iterator.next()
    if (next.done) return { done: true }
    return { done: false, value: await prepare(next.value) }
  } catch (error) {
    return failure(error)
  }
}

function failure(error: unknown): Item {
  const known = error instanceof Error || isMobileOneError(error) ? error : new Error(String(error))
  return { done: false, error: pack(known).value }
}
