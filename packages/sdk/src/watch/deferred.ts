import type { FrameResults } from './watch.ts'

/** What `load` gives, loaded at once and told at the first result: for code that is loaded when it is needed. */
export function deferred(load: () => Promise<FrameResults>): FrameResults {
  const loading = load()
  loading.catch(() => {})
  return {
    next: async () => (await loading).next(),
    return: async () => (await loading).return(),
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
