/**
 * Every error this project throws on purpose. It is recognised by a registered symbol, not by `instanceof`,
 * so it is still recognised when two copies of this package are loaded.
 */

const marker = Symbol.for('mobileone.error')

export type ErrorCode =
  | 'invalid-model'
  | 'invalid-argument'
  | 'invalid-file'
  | 'invalid-input'
  | 'cannot-fold'
  | 'missing-weights'
  | 'unsupported'
  | 'unavailable'
  | 'disposed'
  | 'aborted'
  | 'network'
  | 'integrity'
  | 'device-lost'
  | 'wrong-result'
  | 'overloaded'

export class MobileOneError extends Error {
  readonly code: ErrorCode

  /**
   * An error with the code `aborted` has the name `AbortError`, as the platform's own.
   * @param code A stable identifier for programs. @param message Names the thing, the place and the remedy.
   */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = code === 'aborted' ? 'AbortError' : 'MobileOneError'
    this.code = code
    Object.defineProperty(this, marker, { value: true })
  }
}

/** True for a {@link MobileOneError} made by any loaded copy of this package. */
export function isMobileOneError(value: unknown): value is MobileOneError {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[marker] === true
}

/** Throw the standard error when `signal` has been aborted; its `cause` is the signal's reason. */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw new MobileOneError('aborted', `${what} was aborted`, { cause: signal.reason })
}
