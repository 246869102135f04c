import { MobileOneError } from '@mobileone/core'

/**
 * A worker where `new Worker` threw `cause`: a module of another origin is imported by a worker of this one.
 * @throws MobileOneError `unavailable`.
 */
export function startOtherwise(given: unknown, cause: unknown): Worker {
  const base = typeof document === 'undefined' ? location.href : document.baseURI
  const isAddress = given !== undefined && typeof given !== 'function'
  const url = isAddress && URL.canParse(String(given), base) && new URL(String(given), base)
  try {
    if (!url || url.origin === location.origin) throw cause
    const blob = new Blob([`import ${JSON.stringify(url.href)}`], { type: 'text/javascript' })
    const address = URL.createObjectURL(blob)
    const worker = new Worker(address, { type: 'module', name: 'mobileone' })
    for (const end of ['message', 'error']) {
      worker.addEventListener(end, () => URL.revokeObjectURL(address), { once: true })
    }
    return worker
  } catch (error) {
    throw new MobileOneError(
      'unavailable',
      `no worker can be started: ${(error as Error).message}; where the page's policy or the browser refuses the address pass ` +
        'another as `worker`, and in Node use createPool of @mobileone/sdk/node',
      { cause: error },
    )
  }
}
