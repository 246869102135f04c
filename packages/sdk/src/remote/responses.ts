import { isMobileOneError, MobileOneError, throwIfAborted } from '@mobileone/core'
import { imageLimits, timely } from '@mobileone/vision'
import type { Luggage } from './calls.ts'

/**
 * The body, as far as the limits and the signal of its call allow: the other thread gets it whole.
 * @throws MobileOneError `network`, also where the server says nothing for too long; `invalid-input` where there are too many bytes;
 * `aborted`.
 */
export async function bodyOf(response: Response, { args, signal }: Luggage): Promise<Blob> {
  const maxBytes = limitAmong(args, 'maxBytes')
  const stallTimeoutMs = limitAmong(args, 'stallTimeoutMs')
  const name = response.url || 'the response'
  if (!response.ok) throw new MobileOneError('network', `${name} was answered with ${response.status}`)
  const reader = response.body?.getReader()
  if (!reader) return new Blob()
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let bytes = 0
  try {
    for (;;) {
      const { done, value } = await timely(reader.read(), { name, stallTimeoutMs, signal })
      if (done) return new Blob(chunks)
      chunks.push(value)
      bytes += value.byteLength
      if (bytes > maxBytes) {
        throw new MobileOneError(
          'invalid-input',
          `${name} has more than the ${maxBytes} bytes allowed; raise maxBytes`,
        )
      }
    }
  } catch (cause) {
    reader.cancel(cause).catch(() => {})
    throwIfAborted(signal, `reading ${name}`)
    if (isMobileOneError(cause)) throw cause
    throw new MobileOneError('network', `${name} cannot be read`, { cause })
  }
}

/** The limit `name` as the last of `args` says that does. */
function limitAmong(args: readonly unknown[], name: 'maxBytes' | 'stallTimeoutMs'): number {
  const said = args.map((each) => (each as { readonly [limit: string]: unknown } | null | undefined)?.[name])
  return said.filter((limit) => typeof limit === 'number').at(-1) ?? imageLimits[name]
}
