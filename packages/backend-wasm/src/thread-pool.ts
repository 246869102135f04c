import { MobileOneError, throwIfAborted } from '@mobileone/core'
import type { ThreadInit } from './chunk-scheduler.ts'
import { worker as workerText } from './generated/worker.ts'

/** What Trusted Types make of an address that `new Worker` may load: a `TrustedScriptURL`, by its methods. */
export interface TrustedAddress {
  toString(): string
  toJSON(): string
}

/** The address of dist/worker.mjs. */
export type WorkerAddress = string | URL | TrustedAddress

/** Milliseconds that a worker may take to start. */
const START_LIMIT = 30_000

/**
 * Milliseconds that a worker's worker, which by then only waits, outlives its work. Where the owner is ended while a worker of its own
 * starts to end, Chromium keeps both for ever; one that waits it ends with the owner.
 */
const LINGER = 500

/** Started workers. */
export interface ThreadPool {
  /** Why the work of one of them will not be finished any more; undefined while all live. */
  readonly lost: string | undefined
  /** Terminate all of them. */
  dispose(): Promise<void>
}

/**
 * Start a worker for each of `inits` and wait until all can take part.
 * @throws MobileOneError `unavailable` when one does not start, `aborted`.
 */
export async function startThreadPool(
  inits: readonly ThreadInit[],
  address: WorkerAddress | undefined,
  signal: AbortSignal | undefined,
): Promise<ThreadPool> {
  const workers: WorkerHandle[] = []
  let lost: string | undefined
  const dispose = async (): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  const started = inits.map(
    (init) =>
      new Promise<void>((resolve, reject) => {
        const onEnd = (reason: string): void => {
          lost ??= reason
          reject(new Error(reason))
        }
        const worker = startWorker(address, onEnd, (message) => {
          if (message !== 'ready') return onEnd(String(message))
          worker.unref()
          resolve()
        })
        workers.push(worker)
        worker.send(init)
      }),
  )
  try {
    await within(START_LIMIT, signal, Promise.all(started))
  } catch (cause) {
    await dispose()
    throwIfAborted(signal, 'compiling for wasm')
    const { message } = cause as Error
    throw new MobileOneError(
      'unavailable',
      `wasm: a worker thread did not start: ${message}; ${remedy(message)}`,
      {
        cause,
      },
    )
  }
  return {
    get lost() {
      return lost
    },
    dispose,
  }
}

function remedy(message: string): string {
  return /trusted/i.test(message)
    ? "the page's Content-Security-Policy requires Trusted Types: serve dist/worker.mjs of @mobileone/backend-wasm and pass " +
        'what createScriptURL of a policy of yours makes of its address as `worker`, or use threads: 1'
    : 'where a Content-Security-Policy forbids worker-src blob:, serve dist/worker.mjs of @mobileone/backend-wasm and pass its ' +
        'address as `worker`, or use threads: 1'
}

/** `work`, unless it takes longer than `ms` or the signal is aborted. */
async function within(ms: number, signal: AbortSignal | undefined, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  let stop: (() => void) | undefined
  const ended = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not answer within ${ms / 1000} s`)), ms)
    stop = () => reject(signal?.reason)
    signal?.addEventListener('abort', stop)
  })
  try {
    await Promise.race([work, ended])
  } finally {
    clearTimeout(timer)
    if (stop) signal?.removeEventListener('abort', stop)
  }
}

interface WorkerHandle {
  send(init: ThreadInit): void
  /** Node: let the process end while the worker waits. */
  unref(): void
  terminate(): Promise<void>
}

/** @param onEnd Hears why the worker does not work any more; not of `terminate`. */
function startWorker(
  address: WorkerAddress | undefined,
  onEnd: (reason: string) => void,
  onMessage: (message: unknown) => void,
): WorkerHandle {
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads')
  if (threads) {
    const worker = new threads.Worker(workerText, { eval: true })
    worker.on('message', onMessage)
    worker.on('error', (error: Error) => onEnd(error.message))
    worker.on('exit', () => onEnd('it ended'))
    return {
      send: (init) => worker.postMessage(init),
      unref: () => worker.unref(),
      async terminate() {
        worker.removeAllListeners()
        worker.on('error', () => {})
        await worker.terminate()
      },
    }
  }

  const blob = address === undefined ? new Blob([workerText], { type: 'text/javascript' }) : undefined
  const url = blob ? URL.createObjectURL(blob) : (address as WorkerAddress)
  const release = (): void => {
    if (blob) URL.revokeObjectURL(url as string)
  }
  try {
    // A TrustedScriptURL has to arrive as the object that it is.
    const worker = new Worker(url as string, { name: 'mobileone', type: blob ? 'classic' : 'module' })
    const settled = new Promise<void>((resolve) => {
      worker.onerror = (event) => {
        release()
        resolve()
        onEnd(event.message || `could not load ${url}`)
      }
      worker.onmessage = ({ data }) => {
        release()
        resolve()
        onMessage(data)
      }
    })
    return {
      send: (init) => worker.postMessage(init),
      unref() {},
      async terminate() {
        if (typeof document !== 'undefined') return worker.terminate()
        settled.then(() => setTimeout(() => worker.terminate(), LINGER))
      },
    }
  } catch (error) {
    release()
    throw error
  }
}
