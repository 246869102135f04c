/** `@mobileone/sdk/worker`: a classifier in a module worker. Nothing of the classifier itself is loaded on the page. */
import type { Classifier } from '../classifier.ts'
import { type Connection, connect } from './connection.ts'
import { rare } from './load-rare.ts'
import type { Reply } from './protocol.ts'
import { classifierOn, type RemoteOptions } from './remote-classifier.ts'

export type { Classifier } from '../classifier.ts'
export type { BackendChoice, BackendRequest } from './named-backends.ts'
export type { RemoteOptions } from './remote-classifier.ts'
export { transfer } from './transfer.ts'

/** Milliseconds that a worker may take to load. */
const START_LIMIT = 30_000

/** What Trusted Types make of an address that `new Worker` may load: a `TrustedScriptURL`, by its methods. */
export interface TrustedAddress {
  toString(): string
  toJSON(): string
}

/** What `createWorkerClassifier` takes: the options of a classifier that can be sent to a worker, and where the worker's file is. */
export interface WorkerClassifierOptions extends RemoteOptions {
  /**
   * The worker, where the page's bundler or Content-Security-Policy does not find or allow the package's own: the address of
   * `dist/browser/classifier-worker.mjs` (or a `TrustedScriptURL` of it), or of a module that calls `serveClassifier`; a worker, or a
   * function that starts one. `dispose` ends it.
   */
  readonly worker?: string | URL | TrustedAddress | Worker | (() => Worker)
}

/**
 * `createClassifier` in a module worker: loading, folding, packing, decoding and running happen there, and the page only waits.
 * Errors, aborts and callbacks cross over. Buffers, bitmaps and frames are copied unless {@link transfer} gave them away; a file or
 * an address crosses as it is; elements are read on the page at the time of the call.
 * @throws MobileOneError as `createClassifier`; `unavailable` where the worker cannot be started; `device-lost`, from this and from
 * every later call, when it ends by itself.
 */
export async function createWorkerClassifier({
  worker,
  ...options
}: WorkerClassifierOptions): Promise<Classifier> {
  const connection = connectWorker(await startWorker(worker))
  try {
    return classifierOn(connection, await connection.create(0, options))
  } catch (error) {
    connection.fail('unavailable', 'the classifier was not made')
    throw error
  }
}

function connectWorker(worker: Worker): Connection {
  const connection = connect({
    post: (request, transfer) => worker.postMessage(request, transfer),
    end: () => worker.terminate(),
  })
  const lock = navigator.locks && `mobileone-${crypto.randomUUID()}`
  const greet = (): void => worker.postMessage({ type: 'hello', lock })
  let hasStarted = false
  const fail = async (reason: string): Promise<void> => {
    if (hasStarted) {
      connection.fail(
        'device-lost',
        `the worker of the classifier stopped: ${reason}; create the classifier anew`,
      )
    } else connection.fail('unavailable', (await rare()).cannotStart(reason))
  }
  const timer = setTimeout(fail, START_LIMIT, `it said nothing for ${START_LIMIT / 1000} s`)
  worker.onmessage = ({ data }: MessageEvent<Reply>) => {
    if (!hasStarted) greet()
    hasStarted = true
    clearTimeout(timer)
    if (data.type === 'held') navigator.locks.request(lock as string, () => fail('it ended'))
    else connection.receive(data)
  }
  worker.onmessageerror = () => fail('a message could not be read')
  worker.onerror = (event) => {
    event.preventDefault()
    fail(event.message || 'it could not be loaded')
  }
  greet()
  return connection
}

async function startWorker(given: WorkerClassifierOptions['worker']): Promise<Worker> {
  try {
    if (given === undefined) {
      return new Worker(new URL('./classifier-worker.mjs', import.meta.url), {
        type: 'module',
        name: 'mobileone',
      })
    }
    if (typeof given === 'function') return given()
    if (given instanceof Worker) return given
    // A TrustedScriptURL has to arrive as the object that it is.
    return new Worker(given as string, { type: 'module', name: 'mobileone' })
  } catch (cause) {
    return (await rare()).startOtherwise(given, cause)
  }
}
