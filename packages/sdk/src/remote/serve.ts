/** `@mobileone/sdk/serve`: makes a worker, or a thread of Node, the home of classifiers that another thread calls. */
import { MobileOneError } from '@mobileone/core'
import type { Reply, Request } from './protocol.ts'
import { createServer, type ServeOptions } from './server.ts'

export type { BackendFactories } from './named-backends.ts'
export type { ServeOptions } from './server.ts'

/** The port of the thread that made this one. */
interface Parent {
  /** Whether this is a thread of Node, whose parent hears of its end. */
  readonly isThread: boolean
  post(reply: Reply, transfer: Transferable[]): void
  listen(onRequest: (request: Request) => void): void
}

/** On a thread that serves. Not in this module, of which there may be two. */
const serves = Symbol.for('mobileone.serves')

/**
 * Make this worker, a module worker of a page or a thread of Node, serve `createWorkerClassifier` or `createPool`.
 * The first call counts: WebKit evaluates the module of a worker once more where a part of it that is loaded later imports it.
 * @throws MobileOneError `unavailable` on a thread that is no worker.
 */
export function serveClassifier(options: ServeOptions = {}): void {
  const parent = findParent()
  const thread = globalThis as { [serves]?: boolean }
  if (thread[serves]) return
  thread[serves] = true
  const receive = createServer((reply, moved) => parent.post(reply, moved), options)
  let lock: string | undefined
  const greet = (): void => parent.post({ type: 'hello', ...(lock !== undefined && { lock }) }, [])
  // Nothing else than a lock tells a page of the end of its worker, so nothing is done before the page knows it.
  const settled = parent.isThread || !navigator.locks ? undefined : holdLock()
  parent.listen((request) => {
    if (request.type === 'hello') greet()
    else if (settled) settled.then(() => receive(request))
    else receive(request)
  })
  greet()

  function holdLock(): Promise<void> {
    const name = `mobileone-${crypto.randomUUID()}`
    return new Promise((resolve) => {
      const hold = (): Promise<never> => {
        lock = name
        greet()
        resolve()
        return new Promise(() => {})
      }
      // Refused where the origin is opaque.
      navigator.locks.request(name, hold).catch(() => resolve())
    })
  }
}

function findParent(): Parent {
  const node: NodeJS.Process | undefined = 'Deno' in globalThis ? undefined : globalThis.process
  const port = node?.versions?.node ? node.getBuiltinModule?.('node:worker_threads').parentPort : undefined
  if (port) {
    return {
      isThread: true,
      post: (reply, moved) => port.postMessage(reply, moved as never),
      listen: (onRequest) => port.on('message', onRequest),
    }
  }
  const scope = globalThis as unknown as Pick<Worker, 'addEventListener'> & {
    postMessage(reply: Reply, transfer: Transferable[]): void
  }
  if (typeof scope.postMessage !== 'function' || typeof document !== 'undefined') {
    throw new MobileOneError(
      'unavailable',
      'serveClassifier serves the thread that started this one; call it in a module worker or in a worker thread of Node',
    )
  }
  return {
    isThread: false,
    post: (reply, moved) => scope.postMessage(reply, moved),
    listen: (onRequest) => scope.addEventListener('message', ({ data }) => onRequest(data as Request)),
  }
}
