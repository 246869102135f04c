import { MobileOneError } from '@mobileone/core'

const maxDelayMs = 30_000
const maxRetryAfterMs = 60_000

/** One attempt that did not work, and whether another may. */
export class AttemptFailure extends Error {
  readonly error: MobileOneError
  readonly retry: boolean
  /** What the server asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined
  /** What happened without the remedy, for the message of a retry. */
  readonly brief: string

  constructor(
    error: MobileOneError,
    how: { readonly retry: boolean; readonly retryAfterMs?: number | undefined; readonly brief?: string },
  ) {
    super(error.message)
    this.error = error
    this.retry = how.retry
    this.retryAfterMs = how.retryAfterMs
    this.brief = how.brief ?? error.message
  }
}

/** Milliseconds to wait before retry number `retry` (from 1): exponential, jittered by half, or what the server asked. */
export function retryDelay(retry: number, baseMs: number, askedMs: number | undefined): number {
  const backoff = Math.min(baseMs * 2 ** (retry - 1), maxDelayMs)
  const jittered = backoff * (0.5 + Math.random() / 2)
  return askedMs === undefined ? jittered : Math.max(askedMs, jittered)
}

/** The `Retry-After` header in milliseconds: seconds or an HTTP date. Undefined when absent or malformed. */
export function parseRetryAfter(value: string | null, now: number = Date.now()): number | undefined {
  if (value === null) return undefined
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

/** The failure an HTTP error status means. `hint` says what may be wrong with a missing or refused file. */
export function statusFailure(response: Response, label: string, hint: string): AttemptFailure {
  const { status } = response
  const detail = response.headers.get('x-error-message')
  const says = `${label}: the server answered ${status}${response.statusText ? ` ${response.statusText}` : ''}${detail ? ` (${detail})` : ''}`
  const fail = (advice: string, retry: boolean, retryAfterMs?: number): AttemptFailure =>
    new AttemptFailure(new MobileOneError('network', `${says}; ${advice}`), {
      retry,
      retryAfterMs,
      brief: says,
    })

  if (status === 401 || status === 403 || status === 404 || status === 410) return fail(hint, false)
  if (
    status === 408 ||
    status === 425 ||
    status === 429 ||
    status === 500 ||
    (status >= 502 && status <= 504)
  ) {
    const asked = parseRetryAfter(response.headers.get('retry-after'))
    if (asked !== undefined && asked > maxRetryAfterMs) {
      return fail(`it asks to wait ${Math.ceil(asked / 1000)} s: try again then`, false)
    }
    return fail(
      status === 429 ? 'it limits how often it may be asked: try later' : 'try again later',
      true,
      asked,
    )
  }
  return fail('check the address', false)
}

/** Resolve after `ms`, or reject as soon as `signal` aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const done = (): void => {
      signal.removeEventListener('abort', abort)
      resolve()
    }
    const timer = setTimeout(done, ms)
    const abort = (): void => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    signal.addEventListener('abort', abort, { once: true })
  })
}
