import { MobileOneError } from '@mobileone/core'
import type { Classifier, ClassifierOptions } from '../classifier.ts'
import { deferred } from '../watch/deferred.ts'
import type { Connection } from './connection.ts'
import { rare } from './load-rare.ts'
import type { BackendRequest } from './named-backends.ts'
import type { Created, Facts, MethodName, Methods, Remote } from './protocol.ts'

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

const disposedText = 'this classifier has been disposed'

/** The interface of a classifier over `remote`; methods answer `disposed` after `dispose`. */
export function remoteClassifier(facts: Facts, methods: Methods, remote: Remote): Classifier {
  let disposed: Promise<void> | undefined
  let defaults = {}
  const check = (): void => {
    if (disposed) throw new MobileOneError('disposed', disposedText)
  }
  const dispose = (): Promise<void> => (disposed ??= remote.dispose())
  const classifier: Record<string | symbol, unknown> = {
    ...facts,
    dispose,
    [Symbol.asyncDispose]: dispose,
    setOptions(changes: object): void {
      defaults = { ...defaults, ...changes }
    },
  }
  for (const [key, kind] of Object.entries(methods)) {
    const name = key as MethodName
    classifier[name] ??=
      kind === 'call' || kind === 'all' || kind === 'classifier'
        ? async (...args: unknown[]) => {
            check()
            return remote[kind === 'classifier' ? 'make' : 'call'](name, args, defaults)
          }
        : (...args: unknown[]) =>
            deferred(async () => {
              check()
              const { each, watchFrames } = await rare()
              return kind === 'each'
                ? each(remote, name, args, defaults)
                : watchFrames(classifier as unknown as Classifier, args, defaults)
            })
  }
  return classifier as unknown as Classifier
}

/** The classifier of the thread behind `connection`, which ends when the last one on it has been disposed. */
export function classifierOn(
  connection: Connection,
  { facts, methods }: Pick<Created, 'facts' | 'methods'>,
): Classifier {
  let living = 0
  let last = 0
  const open = (handle: number, known: Facts): Classifier => {
    living++
    return remoteClassifier(known, methods, {
      call: (method, args, defaults) => connection.call(handle, method, args, { defaults }),
      stream: (method, args) => connection.stream(handle, method, args),
      async make(method, args, defaults) {
        const into = ++last
        return open(into, (await connection.call(handle, method, args, { into, defaults })) as Facts)
      },
      dispose: () =>
        connection.close(handle).finally(() => {
          if (!--living) connection.fail('disposed', disposedText)
        }),
    })
  }
  return open(0, facts)
}
