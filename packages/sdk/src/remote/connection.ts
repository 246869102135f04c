/**
 * The owner's end of the protocol: calls with an abort and callbacks, and an end of all of them when the thread dies. A page loads it
 * before the first call, so what most calls do without is imported when it is needed.
 */
import { type ErrorCode, MobileOneError } from '@mobileone/core'
import { toSend } from './arguments-to-send.ts'
import type { Calls, Handlers, Luggage, Wanted } from './calls.ts'
import { rare } from './load-rare.ts'
import type { Created, MethodName, Reply, Request, Share } from './protocol.ts'

/** A thread as the platform started it. */
export interface Thread {
  post(request: Request, transfer: Transferable[]): void
  /** End it now. */
  end(): void
}

/** What a call takes beside its arguments. */
export interface CallExtras {
  /** The handle of the classifier that the call makes; its facts are the answer. */
  readonly into?: number
  /** Options where those among the arguments do not say. */
  readonly defaults?: object
}

export interface Connection {
  /** The thread's `hello`: it can be called from here on. */
  readonly started: Promise<void>
  create(handle: number, options: object, share?: Share): Promise<Created>
  call(handle: number, method: MethodName, args: readonly unknown[], extras?: CallExtras): Promise<unknown>
  stream(
    handle: number,
    method: MethodName,
    args: readonly unknown[],
  ): AsyncGenerator<unknown, void, undefined>
  /** Wait for the calls of the classifier `handle`, then free it. */
  close(handle: number): Promise<void>
  /** For the platform: what the thread posted. */
  receive(reply: Reply): void
  /** For the platform: the thread will answer no more. Everything that waits, and every later call, fails with this. */
  fail(code: ErrorCode, message: string, cause?: unknown): void
}

/** Milliseconds that a thread has, after an abort, to put away what it has of a download. */
const abortLimit = 2000

export function connect(thread: Thread): Connection {
  const pending = new Map<number, Handlers & Pick<Luggage, 'callbacks'>>()
  const running = new Map<Promise<unknown>, number>()
  let lastId = 0
  let failure: MobileOneError | undefined
  let greet: () => void
  let refuse: (error: unknown) => void
  const started = new Promise<void>((resolve, reject) => {
    greet = resolve
    refuse = reject
  })
  started.catch(() => {})

  const post: Calls['post'] = (request, transfer = []) => {
    if (!failure) thread.post(request, [...transfer])
  }

  const open: Calls['open'] = (wanted, args, handlers) => {
    const id = ++lastId
    const what = 'method' in wanted ? wanted.method : 'creating a classifier'
    const signal = signalOf(args)
    const callbacks: Luggage['callbacks'] = []
    const made: { close(): void }[] = []
    let isSent = false
    let aborted: MobileOneError | undefined
    const end = (): void => {
      pending.delete(id)
      signal?.removeEventListener('abort', onAbort)
      if (!isSent) for (const picture of made.splice(0)) picture.close()
    }
    const onError = (error?: unknown): void => {
      end()
      handlers.onError(aborted ?? error)
    }
    const onAbort = (): void => {
      aborted = new MobileOneError('aborted', `${what} was aborted`, { cause: signal?.reason })
      if (isSent) post({ type: 'abort', id })
      if (isSent && wanted.type === 'create') setTimeout(onError, abortLimit)
      else onError()
    }
    const send = async (): Promise<void> => {
      const transfer = new Set<Transferable>()
      const onMade: Luggage['onMade'] = (picture) => {
        made.push(picture)
        if (!pending.has(id)) end()
      }
      try {
        const ready = await toSend(args, '', { callbacks, transfer, onMade }, args)
        await started
        if (!pending.has(id)) return
        post({ ...wanted, id, args: ready } as Request, transfer)
        isSent = true
      } catch (cause) {
        const { sendingError } = await rare()
        if (pending.has(id)) onError(sendingError(what, args, cause))
      }
    }
    pending.set(id, { ...handlers, callbacks, onError })
    signal?.addEventListener('abort', onAbort)
    if (failure) onError(failure)
    else if (signal?.aborted) onAbort()
    return { id, end, sent: send() }
  }

  const ask = (wanted: Wanted, args: readonly unknown[]): Promise<unknown> => {
    const answer = new Promise((resolve, onError) => {
      const { end } = open(wanted, args, {
        onError,
        onValue(value) {
          end()
          resolve(value)
        },
      })
    }).finally(() => running.delete(answer))
    running.set(answer, wanted.handle)
    return answer
  }

  return {
    started,
    create: (handle, ...args) =>
      ask({ type: 'create', handle, base: globalThis.document?.baseURI }, args) as Promise<Created>,
    call: (handle, method, args, extras) => ask({ type: 'call', handle, method, ...extras }, args),
    async *stream(...given) {
      yield* (await rare()).stream({ pending, post, open, toSend }, ...given)
    },
    async close(handle) {
      await Promise.allSettled([...running].map(([call, on]) => on === handle && call))
      await ask({ type: 'close', handle }, [])
    },
    receive(reply) {
      if (!('id' in reply)) return greet()
      const { id, type } = reply
      const call = pending.get(id)
      if (!call) return
      if (type === 'value') call.onValue(reply.value)
      else if (type === 'error') {
        rare().then(({ unpack }) => call.onError(unpack(reply.error)), call.onError)
      } else if (type === 'event') {
        try {
          call.callbacks[reply.key]?.(...reply.args)
        } catch (error) {
          post({ type: 'abort', id })
          call.onError(error)
        }
      } else call.onItem?.(reply)
    },
    fail(code, message, cause) {
      if (failure) return
      failure = new MobileOneError(code, message, { cause })
      thread.end()
      refuse(failure)
      for (const call of [...pending.values()]) call.onError(failure)
    },
  }
}

/** The signal among the arguments of a method. */
export function signalOf(args: readonly unknown[]): AbortSignal | undefined {
  for (const each of args) {
    const { signal } = (each ?? {}) as { readonly signal?: unknown }
    if (signal instanceof AbortSignal) return signal
  }
  return undefined
}
