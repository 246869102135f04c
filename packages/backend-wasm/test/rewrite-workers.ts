import type { Worker } from 'node:worker_threads'

/** Worker threads that start with `rewrite` of their text until this is disposed: real threads that really end. */
export function rewriteWorkers(
  rewrite: (text: string) => string,
): Disposable & { readonly started: readonly Worker[] } {
  const threads = process.getBuiltinModule('node:worker_threads')
  const original = threads.Worker
  const started: Worker[] = []
  threads.Worker = class extends original {
    constructor(text: string, options: object) {
      super(rewrite(text), options)
      started.push(this)
    }
  } as typeof Worker
  return {
    started,
    [Symbol.dispose]() {
      threads.Worker = original
    },
  }
}
