/** `@mobileone/sdk/worker`: a classifier in a module worker. Nothing of the classifier itself is loaded on the page. */

import type { MobileOneError } from '@mobileone/core'
import type { Classifier } from '../classifier.ts'
import { abortLimit, connect } from './connection.ts'
import { failed } from './failed.ts'
import { rare } from './load-rare.ts'
import type { Made, Reply } from './protocol.ts'
import { type RemoteOptions, remoteClassifier } from './remote-classifier.ts'
import { startLimit } from './start-limit.ts'

export type { Classifier } from '../classifier.ts'
export type { BackendChoice, BackendRequest } from './named-backends.ts'
export type { RemoteOptions } from './remote-classifier.ts'
export { transfer } from './transfer.ts'

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
  worker: choice,
  ...options
}: WorkerClassifierOptions): Promise<Classifier> {
  const worker = await startWorker(choice)
  const connection = connect(worker)
  const { ask, fail } = connection
  let hasStarted = false
  const lose = async (reason: Partial<ErrorEvent>): Promise<void> =>
    fail(
      hasStarted
        ? failed(
            'device-lost',
            `the worker stopped: ${reason.message || reason.type || 'it ended'}; create the classifier anew`,
          )
        : await rare().then(
            ({ cannotStart }) => cannotStart(reason),
            (cause) => cause,
          ),
    )
  worker.onmessage = ({ data }: MessageEvent<Reply & { readonly lock?: string }>) => {
    hasStarted = true
    if (data.lock) navigator.locks.request(data.lock, () => lose({}))
    connection.receive(data)
  }
  worker.onerror = worker.onmessageerror = (event: Event) => {
    event.preventDefault()
    lose(event)
  }
  setTimeout(() => hasStarted || lose({}), startLimit)
  worker.postMessage({ type: 'hello' })

  try {
    const base = globalThis.document?.baseURI ?? globalThis.location?.href
    return remoteClassifier(connection, (await ask({ type: 'create', handle: 0, base }, [options])) as Made)
  } catch (error) {
    if (hasStarted) {
      await ask({ type: 'close', handle: 0 }, [{ signal: AbortSignal.timeout(abortLimit) }]).catch(() => {})
    }
    fail(error as MobileOneError)
    throw error
  }
}

async function startWorker(choice: WorkerClassifierOptions['worker']): Promise<Worker> {
  try {
    if (!choice) {
      return new Worker(new URL('./classifier-worker.mjs', import.meta.url), {
        type: 'module',
        name: 'mobileone',
      })
    }
    if (typeof choice === 'function') return choice()
    if (choice instanceof Worker) return choice
    // A TrustedScriptURL has to arrive as the object that it is.
    return new Worker(choice as string, { type: 'module', name: 'mobileone' })
  } catch (cause) {
    return (await rare()).startOtherwise(choice, cause)
  }
}
