import { MobileOneError } from '@mobileone/core'
import type { ImageSources } from '@mobileone/vision'
import type { Classifier, ClassifierOptions } from '../classifier.ts'
import { reported } from '../list-progress.ts'
import type { ListOptions } from '../run-options.ts'
import { deferred } from '../watch/deferred.ts'
import type { WatchSource } from '../watch/open-frames.ts'
import type { WatchOptions } from '../watch/watch.ts'
import type { Connection } from './connection.ts'
import type { BackendRequest } from './named-backends.ts'
import { type Facts, type MethodName, methods } from './protocol.ts'

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

/** Where the methods of a classifier run. */
export interface Remote {
  call(method: MethodName, args: readonly unknown[]): Promise<unknown>
  stream(method: MethodName, args: readonly unknown[]): AsyncGenerator<unknown, void, undefined>
  make(method: MethodName, args: readonly unknown[]): Promise<Classifier>
  dispose(): Promise<void>
}

/** The interface of a classifier over `remote`; methods answer `disposed` after `dispose`. */
export function remoteClassifier(facts: Facts, remote: Remote): Classifier {
  let disposed: Promise<void> | undefined
  const check = (): void => {
    if (disposed) throw new MobileOneError('disposed', 'this classifier has been disposed')
  }
  let defaults: { readonly threshold?: unknown } = {}
  const withDefaults = (name: MethodName, given: readonly unknown[]): unknown[] => {
    const args = [...given]
    const place = methods[name].options
    const { threshold, ...others } = defaults
    // The threshold of `nearest` is one of similarity.
    const known = name === 'nearest' || threshold === undefined ? others : { ...others, threshold }
    args[place] = { ...known, ...defined(args[place] ?? {}) }
    return args
  }
  const setOptions = (changes: unknown): void => {
    defaults = defined({ ...defaults, ...(changes as object) })
  }
  /** Frames are taken here, where the video is, and run there. */
  const watchFrames = (...args: unknown[]): unknown =>
    deferred(async () => {
      check()
      const { watch } = await import('../watch/watch.ts')
      const [source, run] = withDefaults('watch', args) as [WatchSource, WatchOptions]
      const runner = {
        labels: facts.labels as Classifier['labels'],
        logits: (...given: unknown[]) => remote.call('logits', given) as Promise<Float32Array>,
      }
      return watch(runner, source, run)
    })
  const method = (name: MethodName): ((...args: unknown[]) => unknown) => {
    switch (methods[name].kind) {
      case 'stream':
        return async function* (...args) {
          check()
          yield* remote.stream(name, withDefaults(name, args))
        }
      case 'each':
        return async function* (...args) {
          check()
          const [images, { onProgress, ...run }] = withDefaults(name, args) as [ImageSources, ListOptions]
          const results = withSources(images, (items) => remote.stream(name, [items, run]))
          yield* reported(results, name.replace('Each', ''), images, { ...(onProgress && { onProgress }) })
        }
      case 'classifier':
        return async (...args) => {
          check()
          return remote.make(name, withDefaults(name, args))
        }
      case 'call':
      case 'all':
        return async (...args) => {
          check()
          return remote.call(name, withDefaults(name, args))
        }
      case 'owner':
        return name === 'watch' ? watchFrames : setOptions
    }
  }
  const dispose = (): Promise<void> => (disposed ??= remote.dispose())
  return {
    ...facts,
    ...Object.fromEntries(Object.keys(methods).map((name) => [name, method(name as MethodName)])),
    dispose,
    [Symbol.asyncDispose]: dispose,
  } as unknown as Classifier
}

function defined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** Results with the source that each belongs to, which stayed here. */
async function* withSources(
  images: unknown,
  open: (items: unknown) => AsyncGenerator<unknown, void, undefined>,
): AsyncGenerator<unknown, void, undefined> {
  const sources: unknown[] = []
  const isIterable =
    typeof images === 'object' &&
    images !== null &&
    (Symbol.iterator in images || Symbol.asyncIterator in images)
  async function* recorded(): AsyncGenerator<unknown, void, undefined> {
    for await (const source of images as AsyncIterable<unknown>) {
      sources.push(source)
      yield source
    }
  }
  for await (const result of open(isIterable && !ArrayBuffer.isView(images) ? recorded() : images)) {
    yield { ...(result as object), source: sources.shift() }
  }
}

/** The classifier `handle` of the thread behind `connection`; `onDispose` hears when the last one on it is gone. */
export function classifierOn(connection: Connection, facts: Facts, onDispose: () => void): Classifier {
  let living = 0
  let last = 0
  const open = (handle: number, known: Facts): Classifier => {
    living++
    return remoteClassifier(known, {
      call: (method, args) => connection.call(handle, method, args),
      stream: (method, args) => connection.stream(handle, method, args),
      async make(method, args) {
        const into = ++last
        return open(into, (await connection.call(handle, method, args, into)) as Facts)
      },
      async dispose() {
        try {
          await connection.close(handle)
        } finally {
          if (--living === 0) onDispose()
        }
      },
    })
  }
  return open(0, facts)
}
