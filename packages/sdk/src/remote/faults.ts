/** The words of what goes wrong on the owner's side, which pages load only then. */
import { isMobileOneError, MobileOneError } from '@mobileone/core'

/** Why `what` cannot be sent: what was thrown where its arguments were read or cloned. */
export function sendingError(what: string, args: readonly unknown[], cause: unknown): unknown {
  if (isMobileOneError(cause)) return cause
  const name = functionIn(args, 'it')
  if (name !== undefined) {
    return new MobileOneError(
      'invalid-argument',
      `${what}: ${name} is a function, which another thread cannot be given; set it there, in a worker of yours that calls serveClassifier`,
      { cause },
    )
  }
  return new MobileOneError(
    'invalid-input',
    `${what} cannot be sent to the worker: ${(cause as Error).message}`,
    { cause },
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
export function unreadable(element: HTMLVideoElement | HTMLImageElement, cause: unknown): MobileOneError {
  const kind = Object.prototype.toString.call(element).slice('[object '.length, -1)
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

/** Why no worker has come up. */
export function cannotStart(reason: string): string {
  return (
    `the worker of the classifier did not start: ${reason}. It must be at its address, be served as text/javascript, and be allowed by worker-src of the ` +
    "page's Content-Security-Policy; pass the address of dist/browser/classifier-worker.mjs, or a module that calls serveClassifier, as `worker`"
  )
}
