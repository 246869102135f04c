/** `@mobileone/sdk/worker`: a classifier in a module worker. Nothing of the classifier itself is loaded on the page. */
import { MobileOneError } from '@mobileone/core'
import type { Classifier } from '../classifier.ts'
import { connect } from './connection.ts'
import type { Reply } from './protocol.ts'
import { classifierOn, type RemoteOptions } from './remote-classifier.ts'
import { prepareSources, resolveAddress } from './sources.ts'

export type { Classifier } from '../classifier.ts'
export type { BackendChoice, BackendRequest } from './named-backends.ts'
export type { RemoteOptions } from './remote-classifier.ts'
export { transfer } from './wire.ts'

/** What Trusted Types make of an address that `new Worker` may load: a `TrustedScriptURL`, by its methods. */
export interface TrustedAddress {
  toString(): string
  toJSON(): string
}

export interface WorkerClassifierOptions extends RemoteOptions {
  /**
   * The worker, where the page's bundler or Content-Security-Policy does not find or allow the package's own: the address of
   * `dist/browser/classifier-worker.mjs` (or a `TrustedScriptURL` of it), or of a module that calls `serveClassifier`; a worker, or a
   * function that starts one. `dispose` ends it.
   */
  readonly worker?: string | URL | TrustedAddress | Worker | (() => Worker)
}

/** Milliseconds that a worker may take to load. */
const START_LIMIT = 30_000

/**
 * `createClassifier` in a module worker: loading, folding, packing, decoding and running happen there, and the page only waits.
 * Errors, aborts and callbacks cross over. Buffers, bitmaps and frames are copied unless {@link transfer} gave them away; a file or
 * an address crosses as it is; elements are read on the page at the time of the call.
 * @throws MobileOneError as `createClassifier`; `unavailable` where the worker cannot be started; `device-lost`, from this and from
 * every later call, when it ends by itself.
 */
export async function createWorkerClassifier(options: WorkerClassifierOptions): Promise<Classifier> {
  const { worker: given, ...wanted } = options
  const { signal, model, backend } = wanted
  const worker = startWorker(given)
  const connection = connect(
    { post: (request, moved) => worker.postMessage(request, moved), end: () => worker.terminate() },
    prepareSources,
  )
  let hasStarted = false
  const lock = navigator.locks && `mobileone-${crypto.randomUUID()}`
  const greet = (): void => worker.postMessage({ type: 'hello', lock })
  worker.onmessage = ({ data }: MessageEvent<Reply>) => {
    if (data.type === 'hello' && !hasStarted) greet()
    hasStarted = true
    if (data.type === 'held') navigator.locks.request(lock as string, () => lost('it ended'))
    else connection.receive(data)
  }
  const lost = (reason: string): void =>
    connection.fail(
      'device-lost',
      `the worker of the classifier stopped: ${reason}; create the classifier anew`,
    )
  worker.onmessageerror = () => lost('a message could not be read')
  worker.onerror = (event) => {
    event.preventDefault()
    if (hasStarted) lost(event.message)
    else unloadable(event.message || 'it could not be loaded')
  }
  const unloadable = (reason: string): void =>
    connection.fail(
      'unavailable',
      `the worker of the classifier did not start: ${reason}. It must be at its address, be served as text/javascript, and be allowed by worker-src of the ` +
        "page's Content-Security-Policy; pass the address of dist/browser/classifier-worker.mjs, or a module that calls serveClassifier, as `worker`",
    )
  const timer = setTimeout(() => unloadable(`it said nothing for ${START_LIMIT / 1000} s`), START_LIMIT)
  const onAbort = (): void => connection.fail('aborted', 'creating a classifier was aborted', signal?.reason)
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted) onAbort()
  try {
    greet()
    await connection.started
    clearTimeout(timer)
    const { facts } = await connection.create(0, {
      ...wanted,
      model: typeof model === 'string' && /^\.{0,2}\//.test(model) ? resolveAddress(model) : model,
      ...(backend && { backend: [backend].flat().map(withAddresses) }),
    })
    return classifierOn(connection, facts, () =>
      connection.fail('disposed', 'this classifier has been disposed'),
    )
  } catch (error) {
    connection.fail('unavailable', 'the classifier was not made')
    throw error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
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
    const url = URL.canParse(String(address), document.baseURI) && new URL(String(address), document.baseURI)
    if (!url || url.origin === location.origin) throw error
    const blob = new Blob([`import ${JSON.stringify(url.href)}`], { type: 'text/javascript' })
    return new Worker(URL.createObjectURL(blob), options)
  }
}

/** Addresses among the options of a backend are relative to the page. */
function withAddresses(backend: unknown): unknown {
  if (typeof backend !== 'object' || backend === null) return backend
  return Object.fromEntries(
    Object.entries(backend).map(([key, value]) => [
      key,
      (key === 'worker' || key === 'wasm') && typeof value === 'string' ? resolveAddress(value) : value,
    ]),
  )
}
