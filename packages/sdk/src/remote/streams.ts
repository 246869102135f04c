/** Calls that read an iterable of their owner, and answer with one. */
import { isMobileOneError, MobileOneError } from '@mobileone/core'
import type { ItemResult } from '@mobileone/vision'
import { type Connection, discard, type Luggage } from './calls.ts'
import { sendingError } from './faults.ts'
import { mark } from './mark.ts'
import type { Item, ItemReply, MethodName } from './protocol.ts'
import { checkUpright } from './rarely-sent.ts'
import { pack, unpack } from './wire.ts'

type ItemOf = Extract<ItemReply, { readonly type: 'item' }>
export type AnyIterable = Iterable<unknown> | AsyncIterable<unknown>
type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>

/**
 * The results of `method`, each asked for when the one before it has been taken. The thread is sent null in the place of a picture
 * that cannot be sent, and the result of that is given its error here.
 */
export async function* stream(
  { thread, pending, ask, toSend }: Connection,
  handle: number,
  method: MethodName,
  [images, ...others]: readonly [AnyIterable, ...unknown[]],
): AsyncGenerator<unknown, void, undefined> {
  const iterator = iteratorOf(images)
  const results: ItemOf[] = []
  const unsent = new Map<unknown, MobileOneError>()
  let count = 0
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
        const post = (item: Item): void => {
          if (pending.has(id)) thread.postMessage({ type: 'item', id, key, item }, [...luggage.transfer])
          else discard(luggage)
        }
        const next = await nextOf(iterator)
        if (!('value' in next)) return post(next)
        const place = count++
        try {
          checkUpright([next.value, ...others])
          post({ done: false, value: await toSend(next.value, luggage) })
        } catch (reason) {
          unsent.set(place, unsendable(place, reason))
          discard(luggage)
          luggage.transfer.clear()
          post({ done: false, value: null })
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
      const value = unpack(result.value) as Partial<ItemResult<unknown>>
      const error = unsent.get(value.index)
      unsent.delete(value.index)
      yield error ? { ...value, error } : value
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

async function nextOf(iterator: AnyIterator): Promise<Item> {
  try {
    const { done, value } = await iterator.next()
    return done ? { done } : { done: false, value }
  } catch (error) {
    const known = error instanceof Error || isMobileOneError(error) ? error : new Error(String(error))
    return { done: false, error: pack(known).value }
  }
}

/** The error of the picture at `place`, in the words of those that the thread finds. */
function unsendable(place: number, reason: unknown): MobileOneError {
  const { code, message, cause } = sendingError('it', [], reason)
  return new MobileOneError(code, `image ${place}: ${message}`, { cause })
}
