/**
 * The owner's end of the protocol: calls with an abort and callbacks, and an end of all of them when the thread dies. A page loads it
 * before the first call, so what most calls do without is imported when it is needed.
 */
import type { MobileOneError } from '@mobileone/core'
import { type Luggage, toSend } from './arguments-to-send.ts'
import { failed } from './failed.ts'
import { rare } from './load-rare.ts'
import type { ItemReply, Reply, Request } from './protocol.ts'

/** Milliseconds that a thread has, after an abort, to put away what it has of a download. */
export const abortLimit = 2000

/** A worker of a page, or a thread of Node. What is posted after its end is lost. */
export interface Thread {
  postMessage(request: Request, transfer: Transferable[]): unknown
  terminate(): unknown
}

/** A request before it has a number and arguments that can be sent. */
export type Wanted<Kind = Request> = Kind extends { readonly args: readonly unknown[] }
  ? Omit<Kind, 'id' | 'args'>
  : never

/** What becomes of the replies to a call, by their types. */
type Handlers = {
  readonly [Type in Reply['type']]?: (reply: Extract<Reply, { readonly type: Type }>) => void
}

interface Call extends Handlers {
  /** Fail with `error`, whatever the thread says. */
  cancel(error: unknown): void
}

export interface Connection {
  /** Those under way, by their numbers. */
  readonly pending: ReadonlyMap<number, Call>
  readonly thread: Thread
  /** The thread's answer. `handlers` are for what a stream is told beside it. */
  ask(wanted: Wanted, args: readonly unknown[], handlers?: Handlers): Promise<unknown>
  readonly toSend: typeof toSend
  /** For the platform: what the thread posted. */
  receive(reply: Reply): void
  /** For the platform: end the thread. Everything that waits, and every later call, fails with the first `error`. */
  fail(error: MobileOneError): void
}

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
        if (!isSent) {
          for (const picture of luggage.made) {
            picture.then(
              (it) => it.close(),
              () => {},
            )
          }
        }
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
