type Results = Pick<AsyncGenerator<unknown, void, undefined>, 'next' | 'return'>

/**
 * What `load` gives, loaded at once and told at the first result: for code that is loaded when it is needed. Unlike a generator it
 * can be ended while a result is waited for.
 */
export function deferred<Loaded extends Results>(load: () => Promise<Loaded>): Loaded {
  const loading = load()
  loading.catch(() => {})
  return {
    next: async () => (await loading).next(),
    return: async () => (await loading).return(),
    [Symbol.asyncIterator]() {
      return this
    },
  } as unknown as Loaded
}
