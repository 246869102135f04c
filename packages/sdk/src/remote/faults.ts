/** The words of what goes wrong on the owner's side, which pages load only then. */
import { isMobileOneError, MobileOneError } from '@mobileone/core'
import type { Unreadable } from './calls.ts'
import type { Reply } from './protocol.ts'
import { startLimit } from './start-limit.ts'
import { unpack } from './wire.ts'

/**
 * Fail as a call does that has no value.
 * @param reason The thread's reply, or what was thrown where arguments were read or cloned.
 */
export function refuse(method: string, args: readonly unknown[], reason: unknown): never {
  const { type, error } = Object(reason) as Partial<Extract<Reply, { readonly type: 'error' }>>
  throw type === 'error' ? unpack(error) : sendingError(method, args, reason)
}

/** Why the arguments of `method` cannot be sent. */
export function sendingError(method: string, args: readonly unknown[], reason: unknown): MobileOneError {
  if (isMobileOneError(reason)) return reason
  if ('element' in Object(reason)) return unreadable(reason as Unreadable)
  const what = method === 'create' ? 'creating a classifier' : method
  const name = functionIn(args, 'it')
  if (name !== undefined) {
    return new MobileOneError(
      'invalid-argument',
      `${what}: ${name} is a function, which another thread cannot be given; set it there, in a worker of yours that calls serveClassifier`,
      { cause: reason },
    )
  }
  return new MobileOneError(
    'invalid-input',
    `${what} cannot be sent to the worker: ${reason instanceof Error ? reason.message : reason}`,
    { cause: reason },
  )
}

/** The key of the first function that is no callback. */
function functionIn(value: unknown, key: string): string | undefined {
  if (typeof value === 'function') return /^on[A-Z]/.test(key) ? undefined : key
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return undefined
  for (const [name, each] of Object.entries(value)) {
    const found = functionIn(each, Array.isArray(value) ? key : name)
    if (found !== undefined) return found
  }
  return undefined
}

/** Why what an element shows cannot be read. */
function unreadable({ element, cause }: Unreadable): MobileOneError {
  const kind = Object.prototype.toString.call(element).slice('[object '.length, -1)
  if (typeof cause === 'number') {
    const width = element.videoWidth || element.naturalWidth || element.width
    const height = element.videoHeight || element.naturalHeight || element.height
    return new MobileOneError(
      'invalid-input',
      `the ${kind} has ${width}x${height} pixels, more than the ${cause} allowed; shrink it, or raise maxPixels`,
    )
  }
  if ('videoWidth' in element && element.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) {
    return new MobileOneError('invalid-input', 'the video has no frame yet; wait for its loadeddata event')
  }
  const { name, message } = cause as Error
  return new MobileOneError(
    name === 'EncodingError' ? 'invalid-file' : 'invalid-input',
    name === 'SecurityError'
      ? `the ${kind} comes from another origin; set crossorigin="anonymous" on it and send CORS headers`
      : `the ${kind} cannot be read: ${message}`,
    { cause },
  )
}

/** Why no worker has come up. @param event What it was told by, if anything came at all. */
export function cannotStart({ type, message }: Partial<ErrorEvent>): MobileOneError {
  const silence = `it said nothing for ${startLimit / 1000} s`
  const reason = message || (type ? 'it could not be loaded' : silence)
  return new MobileOneError(
    'unavailable',
    `the worker of the classifier did not start: ${reason}. It must be at its address, be served as text/javascript, and be allowed by worker-src of the ` +
      "page's Content-Security-Policy; pass the address of dist/browser/classifier-worker.mjs, or a module that calls serveClassifier, as `worker`",
  )
}
