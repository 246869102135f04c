import { type Executor, MobileOneError } from '@mobileone/core'

/**
 * A view of an executor that several classifiers run on. Disposing of a view waits for its own calls and lets no more in; with the
 * last view the executor is freed.
 * @param leases Counts the views; one object for all of them.
 */
export function leaseExecutor(executor: Executor, leases: { count: number }): Executor {
  let running: Promise<unknown> = Promise.resolve()
  let disposal: Promise<void> | undefined
  leases.count++
  const release = async (): Promise<void> => {
    if (--leases.count === 0) await executor.dispose()
    else await running
  }
  const guarded = <T>(call: () => Promise<T>): Promise<T> => {
    if (disposal) {
      const message = `this ${executor.backend} executor has been disposed; compile the model again`
      return Promise.reject(new MobileOneError('disposed', message))
    }
    const result = call()
    running = Promise.allSettled([running, result]).then(() => {})
    return result
  }
  const { backend, inputs, outputs, memory, steps, features, profile } = executor
  const dispose = (): Promise<void> => (disposal ??= release())
  return {
    ...executor,
    ...{ backend, inputs, outputs, memory, steps },
    ...(features && { features }),
    ...(profile && { profile: (given) => guarded(() => profile.call(executor, given)) }),
    run: (given, options) => guarded(() => executor.run(given, options)),
    dispose,
    [Symbol.asyncDispose]: dispose,
  }
}
