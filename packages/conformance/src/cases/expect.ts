import { type ErrorCode, isMobileOneError } from '@mobileone/core'

/** @throws Error saying `what` unless `holds`. */
export function expectThat(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what)
}

/** The error `promise` rejects with. @throws Error unless it rejects with a MobileOneError of one of `codes`. */
export async function expectRejection(
  promise: Promise<unknown>,
  codes: readonly ErrorCode[],
  what: string,
): Promise<Error> {
  const wanted = codes.map((code) => `"${code}"`).join(' or ')
  let error: unknown
  try {
    await promise
  } catch (thrown) {
    error = thrown
    if (isMobileOneError(thrown) && codes.includes(thrown.code)) return thrown
  }
  const found =
    error === undefined
      ? 'it resolved'
      : `it rejected with ${isMobileOneError(error) ? `code "${error.code}"` : 'something that is no MobileOneError'}: ${error}`
  throw new Error(`${what} must reject with a MobileOneError of code ${wanted}, but ${found}`, {
    cause: error,
  })
}

/** Let timers run. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })
}
