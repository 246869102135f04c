import { MobileOneError } from '@mobileone/core'
import { worker as workerText } from './generated/worker.ts'
import type { Assignment } from './team.ts'

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
export interface Crew {
  /** The kernels over shared memory run in all of them. */
  dispose(): Promise<void>
}

/**
 * Start a worker for each of `assignments` and wait until all can take part.
 * @throws MobileOneError `unavailable` when one does not start.
 */
export async function startCrew(
  assignments: readonly Assignment[],
  address: string | URL | undefined,
): Promise<Crew> {
  const workers: Handle[] = []
  const dispose = async (): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  try {
    await Promise.all(
      assignments.map(async (assignment) => {
        const worker = startWorker(address)
        workers.push(worker)
        await worker.begin(assignment)
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

interface Handle {
  begin(assignment: Assignment): Promise<void>
  terminate(): Promise<void>
}

function startWorker(address: string | URL | undefined): Handle {
  const threads = node('node:worker_threads')
  if (threads) {
    const worker = new threads.Worker(workerText, { eval: true })
    return {
      begin: (assignment) =>
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
          worker.postMessage(assignment)
        }),
      terminate: async () => void (await worker.terminate()),
    }
  }

  const blob = address === undefined ? new Blob([workerText], { type: 'text/javascript' }) : undefined
  const url = blob ? URL.createObjectURL(blob) : (address as string | URL)
  const worker = new Worker(url, { name: 'mobileone', type: blob ? 'classic' : 'module' })
  return {
    begin: (assignment) =>
      new Promise<void>((resolve, reject) => {
        worker.onerror = (event) => reject(new Error(event.message || `could not load ${url}`))
        worker.onmessage = ({ data }) => (data === 'ready' ? resolve() : reject(new Error(data)))
        worker.postMessage(assignment)
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
