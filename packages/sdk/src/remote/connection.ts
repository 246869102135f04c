/** The owner's end of the protocol: calls with an abort, callbacks and iterables, and an end of all of them when the thread dies. */
import { type ErrorCode, MobileOneError } from '@mobileone/core'
import {
  type Created,
  type Item,
  type MethodName,
  methods,
  type Reply,
  type Request,
  type Share,
} from './protocol.ts'
import { type Outgoing, pack, unpack } from './wire.ts'

/** A thread as the platform started it. */
export interface Thread {
  post(request: Request, transfer: Transferable[]): void
  /** End it now. */
  end(): void
}

export interface Connection {
  /** The thread's `hello`: it can be called from here on. */
  readonly started: Promise<void>
  readonly running: number
  create(handle: number, options: object, share?: Share): Promise<Created>
  /** @param into The handle of the classifier that the call makes; its facts are the answer. */
  call(handle: number, method: MethodName, args: readonly unknown[], into?: number): Promise<unknown>
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

interface Pending {
  readonly handle: number
  readonly callbacks: ((...args: unknown[]) => unknown)[]
  readonly iterators: (Iterator<unknown> | AsyncIterator<unknown>)[]
  onReply(reply: Extract<Reply, { type: 'value' | 'item' }>): void
  onError(error: unknown): void
}

/** What is sent of an element of an iterable or of the first argument, where the thing itself cannot be. */
export type Prepare = (source: unknown, maxBytes?: number) => unknown

/** @param prepare Readies pictures to be sent. */
export function connect(thread: Thread, prepare: Prepare = (source) => source): Connection {
  const pending = new Map<number, Pending>()
  const calls = new Map<number, Set<Promise<unknown>>>()
  let lastId = 0
  let failure: MobileOneError | undefined
  let greet: () => void
  let refuse: (error: unknown) => void
  const started = new Promise<void>((resolve, reject) => {
    greet = resolve
    refuse = reject
  })
  started.catch(() => {})

  /** Both promises and streams: registers a call, posts it and gives how to end it. */
  const open = (
    handle: number,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
    request: (id: number, args: readonly unknown[]) => Request,
    what: string,
    handlers: Pick<Pending, 'onReply' | 'onError'>,
  ): { readonly id: number; end(): void } => {
    const id = ++lastId
    const end = (): void => {
      pending.delete(id)
      signal?.removeEventListener('abort', onAbort)
      for (const iterator of call.iterators) Promise.resolve(iterator.return?.()).catch(() => {})
    }
    const fail = (error: unknown): void => {
      end()
      handlers.onError(error)
    }
    const onAbort = (): void => {
      if (pending.has(id)) post({ type: 'abort', id })
      fail(new MobileOneError('aborted', `${what} was aborted`, { cause: signal?.reason }))
    }
    const call: Pending = { handle, callbacks: [], iterators: [], onReply: handlers.onReply, onError: fail }
    const out: Outgoing = {
      callback: (callback) => call.callbacks.push(callback) - 1,
      iterable: (items) =>
        call.iterators.push(
          Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator](),
        ) - 1,
    }
    if (failure) fail(failure)
    else if (signal?.aborted) onAbort()
    else {
      pending.set(id, call)
      signal?.addEventListener('abort', onAbort)
      try {
        const { value, transfer } = pack(args, out)
        post(request(id, value as readonly unknown[]), transfer)
      } catch (cause) {
        fail(sendingError(what, cause))
      }
    }
    return { id, end }
  }

  const post = (request: Request, transfer: Transferable[] = []): void => {
    if (!failure) thread.post(request, transfer)
  }

  const ask = (
    handle: number,
    args: readonly unknown[],
    what: string,
    request: (id: number, args: readonly unknown[]) => Request,
  ): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const { end } = open(handle, args, signalOf(args), request, what, {
        onReply({ value }) {
          end()
          resolve(unpack(value))
        },
        onError: reject,
      })
    })

  const sendItem = async (id: number, key: number): Promise<void> => {
    let item: Item
    let source: unknown
    try {
      const next = await pending.get(id)?.iterators[key]?.next()
      source = next?.value
      item = !next || next.done ? { done: true } : { done: false, value: await prepare(source) }
    } catch (error) {
      item = { done: false, error }
    }
    if (!pending.has(id)) return closeMade('value' in item && item.value, source)
    try {
      const { value, transfer } = pack(item)
      post({ type: 'item', id, key, item: value as Item }, transfer)
    } catch (cause) {
      const { value } = pack({ done: false, error: sendingError('an item', cause) })
      post({ type: 'item', id, key, item: value as Item })
    }
  }

  return {
    started,
    get running() {
      return pending.size
    },
    create: (handle, ...given) =>
      ask(handle, given, 'creating a classifier', (id, args) => ({
        type: 'create',
        id,
        handle,
        args,
      })) as Promise<Created>,
    call(handle, method, given, into) {
      const send = (args: readonly unknown[]): Promise<unknown> =>
        ask(handle, args, method, (id, packed) => ({ type: 'call', id, handle, method, into, args: packed }))
      const run = async (): Promise<unknown> => {
        const { pictures, options } = methods[method]
        const { maxBytes } = (given[options] ?? {}) as { readonly maxBytes?: number }
        const args = given.map((value, place) => (place < pictures ? prepare(value, maxBytes) : value))
        if (!args.some((value) => value instanceof Promise)) return send(args)
        const ready = await Promise.all(args)
        // Nothing is sent any more, so nobody else closes the frames that were made for it.
        if (failure || signalOf(given)?.aborted) closeMade(ready, given)
        return send(ready)
      }
      const mine = calls.get(handle) ?? new Set()
      calls.set(handle, mine)
      const call = run().finally(() => mine.delete(call))
      mine.add(call)
      return call
    },
    async *stream(handle, method, [first, ...others]) {
      const results: unknown[] = []
      let done = false
      let failed: { readonly error: unknown } | undefined
      let wake = (): void => {}
      const items = Array.isArray(first) ? first.values() : first
      const { id, end } = open(
        handle,
        [items, ...others],
        signalOf(others),
        (call, args) => ({ type: 'call', id: call, handle, method, into: undefined, args }),
        method,
        {
          onReply({ type, value }) {
            if (type === 'item') results.push(unpack(value))
            else done = true
            wake()
          },
          onError(error) {
            failed = { error }
            wake()
          },
        },
      )
      try {
        for (;;) {
          if (!failed && !done) post({ type: 'next', id })
          while (results.length === 0 && !failed && !done)
            await new Promise<void>((resolve) => (wake = resolve))
          if (results.length > 0) yield results.shift()
          else if (failed) throw failed.error
          else return
        }
      } finally {
        if (!failed && !done) post({ type: 'abort', id })
        end()
      }
    },
    async close(handle) {
      await Promise.allSettled(calls.get(handle) ?? [])
      calls.delete(handle)
      await ask(handle, [], 'dispose', (id) => ({ type: 'close', id, handle }))
    },
    receive(reply) {
      if (!('id' in reply)) return greet()
      const call = pending.get(reply.id)
      if (!call) return
      switch (reply.type) {
        case 'value':
        case 'item':
          return call.onReply(reply)
        case 'error':
          return call.onError(unpack(reply.error))
        case 'event':
          try {
            call.callbacks[reply.key]?.(...(unpack(reply.args) as unknown[]))
          } catch (error) {
            post({ type: 'abort', id: reply.id })
            call.onError(error)
          }
          return
        case 'pull':
          sendItem(reply.id, reply.key)
          return
        case 'stop':
          Promise.resolve(call.iterators[reply.key]?.return?.()).catch(() => {})
          return
        default:
          reply satisfies never
      }
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

/** Close the frames and bitmaps in `made` that are not in `given`: those are their owner's. */
function closeMade(made: unknown, given: unknown): void {
  if (typeof made !== 'object' || made === null || made === given) return
  const { close } = made as { close?: () => void }
  if (typeof close === 'function') close.call(made)
  else
    for (const [key, value] of Object.entries(made))
      closeMade(value, (given as Record<string, unknown>)?.[key])
}

/** The signal among the arguments of a method. */
export function signalOf(args: readonly unknown[]): AbortSignal | undefined {
  for (const each of args) {
    const { signal } = (each ?? {}) as { readonly signal?: unknown }
    if (signal instanceof AbortSignal) return signal
  }
  return undefined
}

function sendingError(what: string, cause: unknown): unknown {
  if (cause instanceof MobileOneError) return cause
  return new MobileOneError(
    'invalid-input',
    `${what} cannot be sent to the worker: ${(cause as Error).message}`,
    { cause },
  )
}
