/** The thread's end of the protocol: classifiers made and called as another thread asks. */
import { MobileOneError, type Progress, throwIfAborted } from '@mobileone/core'
import type { ClassifierOptions, LocalClassifier } from '../classifier.ts'
import { createClassifier } from '../create-classifier.ts'
import { loadDeployModel } from '../load.ts'
import { withFraction } from '../loading-progress.ts'
import { callArguments, creationOptions, wholeSources } from './arguments.ts'
import { type BackendFactories, namedBackends } from './named-backends.ts'
import {
  type Created,
  type Item,
  type Made,
  methods,
  type Reply,
  type Request,
  type Share,
} from './protocol.ts'
import { shareModel } from './share-model.ts'
import { pack, unpack } from './wire.ts'

/** What a worker adds to the options that its owner sends. */
export interface ServeOptions {
  /**
   * Backends that the owner may name, beside `wasm`, `webgpu`, `auto` and `ort`; each is a function of the options that stand
   * beside the name.
   */
  readonly backends?: BackendFactories
  /** Options of every classifier that cannot be sent: `decoder`, `fetch`, `cache`, `networks`. What the owner gives goes before. */
  readonly options?: Partial<ClassifierOptions>
}

/** A call under way. */
interface Served {
  readonly controller: AbortController
  /** Frames and bitmaps that came with it, which only this thread can close. */
  readonly received: Set<object>
  /** What waits for an element of an iterable among the arguments. */
  readonly waiting: ((item: Item) => void)[]
  /** Objects of the elements read, in their order. */
  readonly items: (readonly object[])[]
  results?: AsyncGenerator<unknown, unknown, undefined>
}

/** A classifier that its owner knows by a handle. */
interface Kept {
  readonly classifier: LocalClassifier
  /** The call that made it. */
  readonly madeBy: number
}

type AnyMethod = (...args: readonly unknown[]) => unknown

/** Hears requests, and answers them with `send`. */
export function createServer(
  send: (reply: Reply, transfer: Transferable[]) => void,
  { backends = {}, options }: ServeOptions,
): (request: Request) => void {
  const classifiers = new Map<number, Kept>()
  const calls = new Map<number, Served>()
  let base: string | undefined
  let creating: Promise<void> | undefined
  let lastMade = 0
  const post = (reply: Reply): void => {
    const { value, transfer } = pack(reply)
    send(value as Reply, transfer)
  }
  const end = (id: number, reply: Reply): void => {
    const call = calls.get(id)
    if (!call) return
    calls.delete(id)
    close([...call.received, ...call.items.flat()])
    try {
      post(reply)
    } catch (cause) {
      const message = `what the call answers cannot be sent to its owner: ${(cause as Error).message}`
      post({ type: 'error', id, error: new MobileOneError('unsupported', message, { cause }) })
    }
  }
  /** Run `work` and answer with what it gives, unless its call has ended. */
  const answer = async (id: number, work: () => unknown): Promise<void> => {
    try {
      end(id, { type: 'value', id, value: await work() })
    } catch (error) {
      end(id, { type: 'error', id, error: error instanceof Error ? error : new Error(String(error)) })
    }
  }
  const begin = (id: number, args: readonly unknown[]): { call: Served; given: unknown[] } => {
    const call: Served = { controller: new AbortController(), received: new Set(), waiting: [], items: [] }
    calls.set(id, call)
    const given = unpack(args, {
      signal: call.controller.signal,
      callback: (key) => {
        const isDue = progressLimit()
        return (...sent) => {
          if (calls.has(id) && isDue(sent[0])) post({ type: 'event', id, key, args: sent })
        }
      },
      iterable: (key) => pulled(id, key, call),
      onObject: (object) => call.received.add(object),
    })
    return { call, given: given as unknown[] }
  }
  const pulled = (id: number, key: number, call: Served): AsyncIterable<unknown> => ({
    [Symbol.asyncIterator]: () => ({
      async next() {
        if (!calls.has(id)) return { done: true, value: undefined }
        const item = await new Promise<Item>((resolve) => {
          call.waiting[key] = resolve
          post({ type: 'pull', id, key })
        })
        if (item.done) return { done: true, value: undefined }
        if ('error' in item) throw unpack(item.error)
        const objects: object[] = []
        const value = wholeSources(unpack(item.value, { onObject: (object) => objects.push(object) }), base)
        call.items.push(objects)
        return { done: false, value }
      },
      async return() {
        if (calls.has(id)) post({ type: 'stop', id, key })
        return { done: true, value: undefined }
      },
    }),
  })
  /** What the owner is told of what his call `id` made, unless he has given that up. */
  const keep = async (
    classifier: LocalClassifier,
    handle: number,
    id: number,
    what: string,
  ): Promise<Made> => {
    const signal = calls.get(id)?.controller.signal
    if (signal?.aborted) await classifier.dispose()
    throwIfAborted(signal, what)
    classifiers.set(handle, { classifier, madeBy: id })
    const { model: _, executor: __, ...sendable } = classifier
    const facts = Object.entries(sendable).filter(([, value]) => typeof value !== 'function')
    return { handle, facts: Object.fromEntries(facts), methods }
  }
  const find = (handle: number): LocalClassifier => {
    const kept = classifiers.get(handle)
    if (!kept) throw new MobileOneError('disposed', 'this classifier has been disposed')
    return kept.classifier
  }
  /** Dispose of what the call `id` made, whose answer came too late for its owner to know of it. */
  const drop = (id: number): void => {
    for (const [handle, { classifier, madeBy }] of classifiers) {
      if (madeBy !== id) continue
      classifiers.delete(handle)
      classifier.dispose().catch(() => {})
    }
  }

  return (request) => {
    const { id } = request as { readonly id: number }
    switch (request.type) {
      case 'hello':
        return
      case 'create': {
        const { given } = begin(id, request.args)
        base = request.base
        creating = answer(id, async (): Promise<Created> => {
          const sent = creationOptions(given[0] as Readonly<Record<string, unknown>>, base)
          const wanted = { ...options, ...(sent as ClassifierOptions) }
          const share = given[1] as Share | undefined
          const pooled = share && new (await import('./pooled-wasm.ts')).PooledWasm(share)
          const onProgress = withFraction(wanted.onProgress)
          const model = share
            ? shareModel(await loadDeployModel(wanted.model, { ...wanted, onProgress }))
            : undefined
          const classifier = await createClassifier({
            ...wanted,
            ...(onProgress && { onProgress }),
            ...(model && { model, storage: undefined }),
            backend: namedBackends(wanted.backend, wanted.precision, {
              ...(pooled && { wasm: pooled.backend }),
              ...backends,
            }),
          })
          return {
            ...(await keep(classifier, request.handle, id, 'creating a classifier')),
            model: model && classifier.model,
            packed: pooled?.packed,
          }
        })
        return
      }
      case 'call': {
        const { call, given } = begin(id, request.args)
        const [defaults, ...args] = given
        const run = (): unknown => {
          const classifier = find(request.handle)
          const whole = callArguments(request.method, args, defaults as object | undefined, base)
          return (classifier[request.method] as AnyMethod).apply(classifier, whole)
        }
        const kind = methods[request.method]
        switch (kind) {
          case 'call':
          case 'all':
            answer(id, run)
            return
          case 'classifier':
            answer(id, async () =>
              keep((await run()) as LocalClassifier, request.into ?? ++lastMade, id, request.method),
            )
            return
          case 'stream':
            call.results = streamOf(run)
            nextOf(id)
            return
          default:
            kind satisfies never
        }
        return
      }
      case 'next':
        nextOf(id)
        return
      case 'abort': {
        const call = calls.get(id)
        if (!call) return drop(id)
        call.controller.abort()
        if (!call.results) return
        for (const give of call.waiting) give?.({ done: true })
        end(id, { type: 'value', id, value: undefined })
        call.results.return(undefined).catch(() => {})
        return
      }
      case 'item':
        calls.get(id)?.waiting[request.key]?.(request.item)
        return
      case 'close':
        begin(id, [])
        answer(id, async () => {
          await creating
          await classifiers.get(request.handle)?.classifier.dispose()
          classifiers.delete(request.handle)
          return classifiers.size === 0
        })
        return
      default:
        request satisfies never
    }
  }

  async function nextOf(id: number): Promise<void> {
    const call = calls.get(id)
    if (!call) return
    try {
      const next = await call.results?.next()
      close(call.items.shift() ?? [])
      if (!next || next.done) return end(id, { type: 'value', id, value: undefined })
      if (calls.has(id)) post({ type: 'item', id, value: withoutSource(next.value) })
    } catch (error) {
      end(id, { type: 'error', id, error })
    }
  }
}

/** Progress of one phase is passed on at most 60 times a second, and at its end; everything else always. */
function progressLimit(): (event: unknown) => boolean {
  let last: Partial<Progress> & { readonly at: number } = { at: 0 }
  return (event) => {
    const { phase, done, total } = (event ?? {}) as Partial<Progress>
    const at = performance.now()
    if (phase !== undefined && phase === last.phase && done !== total && at - last.at < 1000 / 60)
      return false
    last = { ...(phase !== undefined && { phase }), at }
    return true
  }
}

/** Starts with the first `next`, so that what is wrong is an error of the iteration. */
async function* streamOf(run: () => unknown): AsyncGenerator<unknown, void, undefined> {
  yield* run() as AsyncGenerator<unknown, void, undefined>
}

/** The owner knows what it sent. */
function withoutSource(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || !('source' in result)) return result
  const { source: _, ...others } = result
  return others
}

function close(objects: readonly object[]): void {
  for (const object of objects) (object as { close?(): void }).close?.()
}
