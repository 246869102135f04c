import type { Classifier, ClassifierOptions } from '../classifier.ts'
import { deferred } from '../watch/deferred.ts'
import type { Calls } from './calls.ts'
import { disposal } from './failed.ts'
import { rare } from './load-rare.ts'
import type { BackendRequest } from './named-backends.ts'
import type { Made, MethodKind, MethodName } from './protocol.ts'

/** Options that reach another thread: data, callbacks and signals. */
export interface RemoteOptions
  extends Omit<ClassifierOptions, 'backend' | 'decoder' | 'fetch' | 'cache' | 'networks'> {
  /**
   * A backend by name, with its options beside it where it takes some: `'auto'`, `{ name: 'wasm', threads: 2 }`; or several to try in
   * order. A backend itself cannot be sent: a worker of your own names it in `serveClassifier({ backends })`. Default `wasm`.
   */
  readonly backend?: BackendRequest
  /** False keeps nothing of what is downloaded. A cache of your own is for `serveClassifier({ options: { cache } })`. */
  readonly cache?: false
  /** False where no encoded pictures come, so that a missing decoder is no error. */
  readonly decoder?: false
}

/**
 * The interface of the classifier `handle` behind `calls`, which end with the last one there. Methods answer `disposed` after
 * `dispose`, which waits for running calls.
 */
export function remoteClassifier(calls: Calls, { handle, facts, methods }: Made): Classifier {
  let disposed: Promise<void> | undefined
  let running = Promise.resolve()
  let defaults = {}
  const check = (): void => {
    if (disposed) throw disposal()
  }
  const close = async (): Promise<void> => {
    await running
    const isLast = await calls.ask({ type: 'close', handle }, []).catch((error) => {
      if (error.code !== 'device-lost') throw error
    })
    if (isLast) calls.fail(disposal())
  }
  const dispose = (): Promise<void> => (disposed ??= close())
  const classifier: Record<string | symbol, unknown> = {
    ...facts,
    dispose,
    [Symbol.asyncDispose]: dispose,
    setOptions(changes: object): void {
      const next = { ...defaults, ...changes }
      calls.check?.(next, facts)
      defaults = next
    },
  }
  for (const [method, kind] of Object.entries(methods) as [MethodName, MethodKind][]) {
    classifier[method] =
      kind === 'stream'
        ? (...args: unknown[]) =>
            deferred(async () => {
              check()
              return (await rare()).results(calls, handle, method, args, defaults, classifier as never)
            })
        : async (...args: unknown[]) => {
            check()
            const answer = calls.ask({ type: 'call', handle, method }, [defaults, ...args])
            running = Promise.allSettled([running, answer]).then(() => {})
            return kind === 'classifier' ? remoteClassifier(calls, (await answer) as Made) : answer
          }
  }
  return classifier as unknown as Classifier
}
