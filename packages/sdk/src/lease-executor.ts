import { type Executor, MobileOneError } from '@mobileone/core'
import type { ImageModel } from '@mobileone/vision'

/** An executor that may take pictures as they are. */
export type ImageExecutor = Executor & Pick<ImageModel, 'runImage'>

/** What one classifier sees of an executor that it shares. */
export interface Lease {
  readonly executor: ImageExecutor
  /**
   * `work` as one of the view's own calls, which has a lease until it ends: for what makes another view.
   * @throws MobileOneError `disposed`.
   */
  holding<T>(work: () => Promise<T>): Promise<T>
}

/**
 * A view of an executor that several classifiers run on. Disposing of a view waits for its own calls and lets no more in; with the
 * last view the executor is freed.
 * @param leases Counts the views; one object for all of them.
 */
export function leaseExecutor(executor: ImageExecutor, leases: { count: number }): Lease {
  let running: Promise<unknown> = Promise.resolve()
  let disposal: Promise<void> | undefined
  leases.count++
  const release = async (): Promise<void> => {
    if (--leases.count === 0) await executor.dispose()
  }
  const close = async (): Promise<void> => {
    await release()
    await running
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
  const { backend, inputs, outputs, memory, steps, features, profile, runImage } = executor
  const dispose = (): Promise<void> => (disposal ??= close())
  const view: ImageExecutor = {
    ...executor,
    ...{ backend, inputs, outputs, memory, steps },
    ...(features && { features }),
    ...(profile && { profile: (given) => guarded(() => profile.call(executor, given)) }),
    ...(runImage && { runImage: (...given) => guarded(() => runImage.apply(executor, given)) }),
    run: (given, options) => guarded(() => executor.run(given, options)),
    dispose,
    [Symbol.asyncDispose]: dispose,
  }
  return {
    executor: view,
    holding: (work) =>
      guarded(() => {
        leases.count++
        return work().finally(release)
      }),
  }
}
