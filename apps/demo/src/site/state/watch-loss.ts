import { isMobileOneError, type MobileOneError } from '@mobileone/core'
import type { Classifier } from '@mobileone/sdk/worker'

/** The code of an error after which a classifier has to be made anew: its worker ended, or the GPU is gone. */
const lost = 'device-lost'

/**
 * `classifier`, where whoever calls it also tells `onLoss` that its device or its worker is gone, from classifiers made on it and from
 * results that are iterated, too. The caller gets the error all the same.
 */
export function watchLoss<Watched extends Classifier>(
  classifier: Watched,
  onLoss: (error: MobileOneError) => void,
): Watched {
  const told = (error: unknown): never => {
    if (isMobileOneError(error) && error.code === lost) onLoss(error)
    throw error
  }
  const watched = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if (value instanceof Promise) return value.then(watched, told)
    if (Symbol.asyncIterator in value || 'classifyEach' in value) return following(value)
    return value
  }
  /** Own properties of a classifier are read-only only by type, so each is read when it is asked for. */
  const following = <Target extends object>(target: Target): Target =>
    new Proxy(target, {
      get(from, name) {
        const value: unknown = Reflect.get(from, name, from)
        if (typeof value !== 'function') return value
        return (...given: unknown[]): unknown => {
          const result: unknown = value.apply(from, given)
          return result === from ? following(from) : watched(result)
        }
      },
    })
  return following(classifier)
}
