/** `@mobileone/sdk/node`: a classifier on several threads of Node. */
import { availableParallelism } from 'node:os'
import {
  type Graph,
  inferShapes,
  isMobileOneError,
  MobileOneError,
  type Model,
  throwIfAborted,
} from '@mobileone/core'
import type { ItemResult } from '@mobileone/vision'
import type { Classifier, FewShotResult } from '../classifier.ts'
import type { FewShotExamples, FewShotOptions } from '../few-shot/train-head.ts'
import type { HeadData } from '../head/head-data.ts'
import { RunDefaults } from '../run-defaults.ts'
import type { Calls, Connection } from './calls.ts'
import { abortLimit } from './connection.ts'
import { Opened } from './opened.ts'
import { type PoolStats, ThreadPool } from './pool.ts'
import { type Created, type Facts, type Made, type MethodName, methods, type Share } from './protocol.ts'
import { type RemoteOptions, remoteClassifier } from './remote-classifier.ts'
import { unshareModel } from './share-model.ts'
import { stream } from './streams.ts'

export type { Classifier } from '../classifier.ts'
export type { BackendChoice, BackendRequest } from './named-backends.ts'
export type { PoolStats } from './pool.ts'
export type { RemoteOptions } from './remote-classifier.ts'
export { transfer } from './transfer.ts'

/**
 * What `createPool` takes: the options of a classifier that threads can be sent, how many there are, and how long a queue may
 * be.
 */
export interface PoolOptions extends Omit<RemoteOptions, 'size'> {
  /** Threads, each with feature maps of its own; the weights are shared, on wasm as it packs them too. Default: one a core. */
  readonly size?: number
  /** The pictures' [height, width], where the network is to take others than its usual ones: `size` of `createClassifier`. */
  readonly inputSize?: RemoteOptions['size']
  /** Calls that may wait for a thread; one more fails at once, with the code `overloaded`. Default: 16 a thread. */
  readonly maxQueue?: number
  /** A module that calls `serveClassifier`, in the place of the package's own: to add backends, or where a bundler moved this one. */
  readonly worker?: string | URL
}

/** A classifier whose calls are shared out among threads, with all that is made of it on the same threads. A list given to `classify` or `embed` is one call; `classifyEach` uses all. */
export interface ClassifierPool extends Classifier {
  fewShot(examples: FewShotExamples, options?: FewShotOptions): Promise<ClassifierPool & FewShotResult>
  withHead(head: HeadData): Promise<ClassifierPool>
  stats(): PoolStats
}

/**
 * `createClassifier` on `size` threads of Node: the model is loaded and folded once, on one of them. Calls wait in a queue of bounded
 * length. A thread that ends by itself fails its calls with `device-lost`, since the same picture may end the next thread too, and
 * another takes its place. An idle pool does not keep the process alive.
 * @throws MobileOneError as `createClassifier`; `invalid-argument` for a size or queue that is none; `unavailable` where a thread does
 * not start.
 */
export async function createPool(options: PoolOptions): Promise<ClassifierPool> {
  const { size = availableParallelism(), maxQueue = 16 * size, worker, inputSize, ...given } = options
  if (!(Number.isInteger(size) && size >= 1 && size <= 1024)) {
    throw new MobileOneError('invalid-argument', `size must be a whole number of threads from 1, not ${size}`)
  }
  if (!(maxQueue >= 0))
    throw new MobileOneError('invalid-argument', `maxQueue must be 0 or more, not ${maxQueue}`)
  const opened = new Opened()
  const pool = new ThreadPool({
    address: worker ?? new URL('./classifier-thread.mjs', import.meta.url),
    size,
    maxQueue,
    open: (connection, thread, ready) => opened.openOn(connection, { threads: size, thread }, ready),
  })
  let living = 0
  const { signal, onProgress, onRefusal, onWarning, ...others } = given
  const kept = { ...others, ...(inputSize && { size: inputSize }) }

  const calls: Calls = {
    async ask(wanted, args) {
      const { handle } = wanted
      const run = (connection: Connection): Promise<unknown> => connection.ask(wanted, args)
      if (wanted.type === 'close') {
        opened.delete(handle)
        if (--living > 0) await pool.runOnAll((connection) => run(connection).catch(unlessLost))
        return living === 0
      }
      const { method } = wanted
      const kind = methods[method]
      switch (kind) {
        case 'all':
          opened.record(handle, method, args)
          return pool.runOnAll(run)
        case 'classifier':
          return makeAnother(handle, method, args)
        case 'call':
        case 'stream': {
          const answer = await pool.run(run, signalOf(args))
          return method === 'getModel' ? unshareModel(answer as Model) : answer
        }
        default:
          throw kind satisfies never
      }
    },
    check: (options, { graph, labels }) =>
      new RunDefaults(classesOf(graph as Graph), labels as Classifier['labels']).set(options),
    stream: (handle, method, args) => eachOnPool(pool, size, batchOf(facts), handle, method, args),
    fail: () => pool.end(),
  }

  const made = (handle: number, known: Facts): Made => {
    living++
    return { handle, facts: { ...known, stats: () => pool.stats }, methods }
  }

  /** The head is made and tried on one thread, and put on the networks of all. */
  const makeAnother = async (handle: number, method: MethodName, args: readonly unknown[]): Promise<Made> => {
    const another = opened.next()
    const facts = (await pool.run(async (connection) => {
      const wanted = { type: 'call', handle, method, into: another } as const
      const tried = (await connection.ask(wanted, args)) as Made
      await connection.ask({ type: 'close', handle: another }, [])
      return tried.facts
    }, signalOf(args))) as Facts
    const head = method === 'withHead' ? args[1] : facts.head
    opened.addHead(another, handle, head)
    await pool.runOnAll((connection) => {
      const wanted = { type: 'call', handle, method: 'withHead', into: another } as const
      return connection.ask(wanted, [undefined, head]).catch(unlessLost)
    })
    return made(another, facts)
  }

  let facts: Facts = {}
  const stop = (): void => pool.end()
  const start = pool.start(async (connection) => {
    const callbacks = { signal, onProgress, onRefusal, onWarning }
    const share: Share = { threads: size, thread: 0, packed: undefined }
    const handle = opened.next()
    try {
      const args = [{ ...kept, ...callbacks }, share]
      const created = (await connection.ask({ type: 'create', handle }, args)) as Created
      facts = created.facts
      // Its weights are stored as was asked: to do that again would copy them.
      opened.addModel(handle, { ...kept, storage: undefined, model: created.model as Model }, created.packed)
    } catch (error) {
      const limit = { signal: AbortSignal.timeout(abortLimit) }
      await connection.ask({ type: 'close', handle }, [limit]).catch(() => {})
      throw error
    }
    throwIfAborted(signal, 'creating a pool')
    // The threads after the first are not given the signal.
    signal?.addEventListener('abort', stop)
  })
  try {
    await start
    throwIfAborted(signal, 'creating a pool')
  } catch (error) {
    throwIfAborted(signal, 'creating a pool')
    throw error
  } finally {
    signal?.removeEventListener('abort', stop)
  }
  return remoteClassifier(calls, made(0, facts)) as ClassifierPool
}

/** Of a thread that is lost no more is to be done: the one that takes its place has what is in `opened`. */
function unlessLost(error: unknown): void {
  if (!isMobileOneError(error) || error.code !== 'device-lost') throw error
}

/** Results in order, of as many batches at a time as keep all threads at work. */
async function* eachOnPool(
  pool: ThreadPool,
  size: number,
  batch: number,
  handle: number,
  method: MethodName,
  [images, run]: readonly unknown[],
): AsyncGenerator<unknown, void, undefined> {
  const window: Promise<unknown[]>[] = []
  const signal = signalOf([run])
  let isOver = false
  const submit = (chunk: readonly unknown[], first: number): void => {
    const results = pool.run(
      async (connection) => {
        const found: unknown[] = []
        if (isOver) return found
        for await (const result of stream(connection, handle, method, [chunk, run])) {
          found.push(placed(result as ItemResult<unknown>, first + found.length))
        }
        return found
      },
      signal,
      true,
    ) as Promise<unknown[]>
    results.catch(() => {})
    window.push(results)
  }
  const iterator = (images as AsyncIterable<unknown>)[Symbol.asyncIterator]()
  const readBatch = async (): Promise<unknown[]> => {
    const chunk: unknown[] = []
    while (chunk.length < batch) {
      const next = await iterator.next()
      if (next.done) break
      chunk.push(next.value)
    }
    return chunk
  }
  let reading: Promise<unknown[]> | undefined
  let isRead = false
  let count = 0
  try {
    for (;;) {
      if (!isRead && window.length <= 2 * size) reading ??= readBatch()
      // Whoever supplies the images may wait for the result of one before he gives the next.
      const oldest = window[0]?.then(() => undefined)
      const waited = [reading, oldest].filter((each) => each !== undefined)
      if (waited.length === 0) return
      const chunk = await Promise.race(waited)
      if (!chunk) {
        yield* (await window.shift()) as unknown[]
        continue
      }
      reading = undefined
      isRead = chunk.length < batch
      if (chunk.length === 0) continue
      submit(chunk, count)
      count += chunk.length
    }
  } finally {
    isOver = true
    iterator.return?.().catch(() => {})
  }
}

/** `result` of a part of a list as that of the whole. */
function placed(result: ItemResult<unknown>, index: number): ItemResult<unknown> {
  if (result.ok) return { ...result, index }
  const { code, message, cause } = result.error
  const error = new MobileOneError(code, message.replace(/^image \d+/, `image ${index}`), { cause })
  return { ...result, index, error }
}

function batchOf({ graph }: Facts): number {
  return Object.values((graph as Graph).inputs)[0]?.shape[0] ?? 1
}

function classesOf(graph: Graph): number {
  return inferShapes(graph)[graph.outputs.logits as string]?.[1] ?? 0
}

/** The signal among the arguments of a method. */
function signalOf(args: readonly unknown[]): AbortSignal | undefined {
  for (const each of args) {
    const { signal } = (each ?? {}) as { readonly signal?: unknown }
    if (signal instanceof AbortSignal) return signal
  }
  return undefined
}
