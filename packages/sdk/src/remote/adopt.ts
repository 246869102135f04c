import type { Classifier } from '../classifier.ts'
import { type Connection, connect } from './connection.ts'
import type { Facts, Reply } from './protocol.ts'
import { classifierOn, type RemoteOptions } from './remote-classifier.ts'
import { prepareSources, resolveAddress } from './sources.ts'

/** Milliseconds that a worker may take to load. */
const START_LIMIT = 30_000

/** Milliseconds that a worker has, after an abort, to put away what it has of a download. */
const ABORT_LIMIT = 2000

/** A worker that was started just now, and what this page knows of it. */
interface Adopted {
  readonly connection: Connection
  /** Its first answer: it listens. */
  readonly started: Promise<void>
  /** It has answered the first call, with a value or an error. */
  readonly answered: Promise<void>
}

/** Make a classifier in `worker`, which was started just now. @param errors What it has told until here. */
export async function adopt(
  worker: Worker,
  errors: readonly ErrorEvent[],
  wanted: RemoteOptions,
): Promise<Classifier> {
  const { signal, model, backend } = wanted
  const { connection, started, answered } = connectWorker(worker, errors)
  let isAsked = false
  const onAbort = (): void => {
    if (!isAsked) connection.fail('aborted', 'creating a classifier was aborted', signal?.reason)
  }
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted) onAbort()
  try {
    await started
    isAsked = !signal?.aborted
    const { facts } = await connection.create(0, {
      ...wanted,
      model: typeof model === 'string' && /^\.{0,2}\//.test(model) ? resolveAddress(model) : model,
      ...(backend && { backend: [backend].flat().map(withAddresses) }),
    })
    return disposable(connection, facts)
  } catch (error) {
    if (isAsked && signal?.aborted) {
      await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, ABORT_LIMIT))])
    }
    connection.fail('unavailable', 'the classifier was not made')
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

/** Apart from {@link adopt}, as the next: what lives as long as the worker must not hold the options of its making, nor their signal. */
function disposable(connection: Connection, facts: Facts): Classifier {
  return classifierOn(connection, facts, () =>
    connection.fail('disposed', 'this classifier has been disposed'),
  )
}

function connectWorker(worker: Worker, errors: readonly ErrorEvent[]): Adopted {
  const connection = connect(
    { post: (request, moved) => worker.postMessage(request, moved), end: () => worker.terminate() },
    prepareSources,
  )
  let hasStarted = false
  let answer = (): void => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  const lock = navigator.locks && `mobileone-${crypto.randomUUID()}`
  const greet = (): void => worker.postMessage({ type: 'hello', lock })
  worker.onmessage = ({ data }: MessageEvent<Reply>) => {
    if (data.type === 'hello' && !hasStarted) greet()
    hasStarted = true
    if (data.type === 'held') navigator.locks.request(lock as string, () => lost('it ended'))
    else connection.receive(data)
    if (data.type === 'error' || data.type === 'value') answer()
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
  for (const event of errors) unloadable(event.message || 'it could not be loaded')
  const timer = setTimeout(() => unloadable(`it said nothing for ${START_LIMIT / 1000} s`), START_LIMIT)
  greet()
  return { connection, started: connection.started.finally(() => clearTimeout(timer)), answered }
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
