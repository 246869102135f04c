/** `@mobileone/sdk/worker`: a classifier in a module worker. Nothing of the classifier itself is loaded on the page. */
import { MobileOneError } from '@mobileone/core'
import type { Classifier } from '../classifier.ts'
import type { RemoteOptions } from './remote-classifier.ts'

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
export async function createWorkerClassifier(options: WorkerClassifierOptions): Promise<Classifier> {
  const { worker: given, ...wanted } = options
  const worker = startWorker(given)
  const errors: ErrorEvent[] = []
  worker.onerror = (event) => {
    event.preventDefault()
    errors.push(event)
  }
  try {
    // Loads beside the worker.
    const { adopt } = await import('./adopt.ts')
    return await adopt(worker, errors, wanted)
  } catch (error) {
    worker.terminate()
    throw error
  }
}

function startWorker(given: WorkerClassifierOptions['worker']): Worker {
  try {
    if (given === undefined) {
      return new Worker(new URL('./classifier-worker.mjs', import.meta.url), {
        type: 'module',
        name: 'mobileone',
      })
    }
    if (typeof given === 'function') return given()
    if (typeof given === 'object' && 'postMessage' in given) return given
    return openAddress(given)
  } catch (cause) {
    throw new MobileOneError(
      'unavailable',
      `no worker can be started: ${(cause as Error).message}; where the page's policy or the browser refuses the address pass ` +
        'another as `worker`, and in Node use createPool of @mobileone/sdk/node',
      { cause },
    )
  }
}

/** A TrustedScriptURL has to arrive as the object that it is; a module of another origin is imported by a worker of this one. */
function openAddress(address: string | URL | TrustedAddress): Worker {
  const options = { type: 'module', name: 'mobileone' } as const
  try {
    return new Worker(address as string, options)
  } catch (error) {
    const base = typeof document === 'undefined' ? location.href : document.baseURI
    const url = URL.canParse(String(address), base) && new URL(String(address), base)
    if (!url || url.origin === location.origin) throw error
    const blob = new Blob([`import ${JSON.stringify(url.href)}`], { type: 'text/javascript' })
    return new Worker(URL.createObjectURL(blob), options)
  }
}
