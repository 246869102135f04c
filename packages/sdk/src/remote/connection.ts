/**
 * The owner's end of the protocol: calls with an abort and callbacks, and an end of all of them when the thread dies. A page loads it
 * before the first call, so what most calls do without is imported when it is needed.
 */
import type { MobileOneError } from '@mobileone/core'
import { toSend } from './arguments-to-send.ts'
import { type Call, type Connection, discard, type Luggage, type Thread } from './calls.ts'
import { failed } from './failed.ts'
import { rare } from './load-rare.ts'
import type { ItemReply, Request } from './protocol.ts'

/** Milliseconds that a thread has, after an abort, to put away what it has of a download. */
export const abortLimit = 2000

export function connect(thread: Thread): Connection {
  const pending = new Map<number, Call>()
  let lastId = 0
  let failure: MobileOneError | undefined
  let greet: () => void
  const started = new Promise<void>((resolve) => {
    greet = resolve
  })

  const ask: Connection['ask'] = (wanted, args, handlers) =>
    new Promise((resolve) => {
      const id = ++lastId
      const what = (wanted as { readonly method?: string }).method ?? wanted.type
      const luggage: Luggage = { args, callbacks: [], made: [], transfer: new Set() }
      let isSent = false
      const settle = (answer: () => unknown): void => {
        if (!pending.delete(id)) return
        signal?.removeEventListener('abort', abort)
        if (!isSent) discard(luggage)
        resolve(answer())
      }
      const cancel = (error: unknown): void => {
        if (isSent) thread.postMessage({ type: 'abort', id }, [])
        settle(() => Promise.reject(error))
      }
      const refuse = (reason: unknown): void => settle(async () => (await rare()).refuse(what, args, reason))
      const abort = (): void => cancel(failed('aborted', `${what} was aborted`, signal?.reason))
      pending.set(id, {
        value: ({ value }) => settle(() => value),
        error: refuse,
        event({ key, args: told }) {
          try {
            ;(luggage.callbacks[key] as (...args: unknown[]) => unknown)(...told)
          } catch (error) {
            cancel(error)
          }
        },
        ...handlers,
        cancel,
      })
      const ready = toSend(args, luggage)
      const { signal } = luggage
      signal?.addEventListener('abort', abort)
      if (signal?.aborted) abort()
      if (failure) cancel(failure)
      ready
        .then(async (sent) => {
          await started
          if (!pending.has(id)) return
          thread.postMessage({ ...wanted, id, args: sent } as Request, [...luggage.transfer])
          isSent = true
        })
        .catch(refuse)
    })

  return {
    thread,
    pending,
    ask,
    toSend,
    receive(reply) {
      greet()
      pending.get((reply as ItemReply).id)?.[reply.type]?.(reply as never)
    },
    fail(error) {
      failure ??= error
      thread.terminate()
      for (const { cancel } of pending.values()) cancel(failure)
    },
  }
}
