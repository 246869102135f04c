import { MobileOneError } from '@mobileone/core'
import type { ThreadInit } from './chunk-scheduler.ts'
import { worker as workerText } from './generated/worker.ts'

/** The two response headers that let a page share memory between threads. */
const HEADERS = 'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp'

/** How many threads this environment allows, and why not more. */
export interface ThreadLimit {
  readonly threads: number
  readonly reason: string
}

/** One thread where memory cannot be shared, else as many as the machine runs at a time. */
export function threadLimit(): ThreadLimit {
  const isolated = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated ?? true
  if (typeof SharedArrayBuffer !== 'function' || !isolated) {
    return {
      threads: 1,
      reason: `one thread: the page is not cross-origin isolated; serve it with ${HEADERS}`,
    }
  }
  const threads = node('node:os')?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1
  return { threads, reason: `up to ${threads} threads` }
}

/** Started workers. */
export interface ThreadPool {
  /** Terminate all of them. */
  dispose(): Promise<void>
}

/**
 * Start a worker for each of `inits` and wait until all can take part.
 * @throws MobileOneError `unavailable` when one does not start.
 */
export async function startThreadPool(
  inits: readonly ThreadInit[],
  address: string | URL | undefined,
): Promise<ThreadPool> {
  const workers: WorkerHandle[] = []
  const dispose = async (): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  try {
    await Promise.all(
      inits.map(async (init) => {
        const worker = startWorker(address)
        workers.push(worker)
        await worker.start(init)
      }),
    )
  } catch (cause) {
    await dispose()
    throw new MobileOneError(
      'unavailable',
      `wasm: a worker thread did not start: ${(cause as Error).message}; where a Content-Security-Policy forbids ` +
        'worker-src blob:, serve dist/worker.mjs of @mobileone/backend-wasm and pass its address as `worker`, or use threads: 1',
      { cause },
    )
  }
  return { dispose }
}

interface WorkerHandle {
  start(init: ThreadInit): Promise<void>
  terminate(): Promise<void>
}

function startWorker(address: string | URL | undefined): WorkerHandle {
  const threads = node('node:worker_threads')
  if (threads) {
    const worker = new threads.Worker(workerText, { eval: true })
    return {
      start: (init) =>
        new Promise((resolve, reject) => {
          worker.once('error', reject)
          worker.once('exit', () => reject(new Error('it ended')))
          worker.once('message', (message) => {
            worker.removeAllListeners()
            worker.on('error', () => {})
            worker.unref()
            if (message === 'ready') resolve()
            else reject(new Error(message))
          })
          worker.postMessage(init)
        }),
      terminate: async () => void (await worker.terminate()),
    }
  }

  const blob = address === undefined ? new Blob([workerText], { type: 'text/javascript' }) : undefined
  const url = blob ? URL.createObjectURL(blob) : (address as string | URL)
  const worker = new Worker(url, { name: 'mobileone', type: blob ? 'classic' : 'module' })
  return {
    start: (init) =>
      new Promise<void>((resolve, reject) => {
        worker.onerror = (event) => reject(new Error(event.message || `could not load ${url}`))
        worker.onmessage = ({ data }) => (data === 'ready' ? resolve() : reject(new Error(data)))
        worker.postMessage(init)
      }).finally(() => blob && URL.revokeObjectURL(url as string)),
    terminate: async () => worker.terminate(),
  }
}

interface NodeModules {
  'node:os': typeof import('node:os')
  'node:worker_threads': typeof import('node:worker_threads')
}

/** A module of Node's own, without an import that a bundler for browsers would stumble over. */
function node<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined {
  return typeof process === 'object'
    ? (process.getBuiltinModule?.(name) as NodeModules[Name] | undefined)
    : undefined
}
