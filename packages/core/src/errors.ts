/**
 * Every error this project throws on purpose. It is recognised by a registered symbol, so it is still recognised when two copies of
 * this package are loaded, or when a page makes one without the class.
 */

const marker = Symbol.for('mobileone.error')

/**
 * What went wrong, for programs; messages are for people and may change.
 *
 * Of what was given: `invalid-model`, `invalid-argument` (an option or a parameter), `invalid-file`, `invalid-input` (a tensor or a picture),
 * `missing-weights`, `cannot-fold` (branches that are not linear), `unsupported` (well formed, and not done here). Of the surroundings:
 * `unavailable` (the machine or a package lacks what is needed), `network`, `integrity` (not the bytes that were pinned), `device-lost`,
 * `wrong-result` (verification failed), `overloaded` (a queue is full). Of the call: `disposed`, `aborted`.
 */
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

/**
 * The error of everything here that throws on purpose. Recognise it with {@link isMobileOneError}, which sees those of other
 * copies too.
 */
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

  /** As {@link isMobileOneError}; of a class that extends this one, as ever. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: it is the class asked about.
    return this === MobileOneError ? isMobileOneError(value) : super[Symbol.hasInstance](value)
  }
}

/** True for a {@link MobileOneError} made by any loaded copy of this package. */
export function isMobileOneError(value: unknown): value is MobileOneError {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[marker] === true
}

/**
 * Throw the standard error when `signal` has been aborted; its `cause` is the signal's reason.
 * @param what Begins the message: `fetching s0`.
 * @throws MobileOneError `aborted`.
 */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw new MobileOneError('aborted', `${what} was aborted`, { cause: signal.reason })
}
