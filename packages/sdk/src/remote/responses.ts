import { MobileOneError } from '@mobileone/core'

/**
 * The body, as far as it is allowed to go: the other thread gets it whole.
 * @param args Among which options may say `maxBytes`.
 * @throws MobileOneError `network`, `invalid-input` where there are too many bytes.
 */
export async function bodyOf(response: Response, args: readonly unknown[]): Promise<Blob> {
  const limits = args.map((each) => (each as { readonly maxBytes?: unknown } | undefined)?.maxBytes)
  const maxBytes = (limits.find((limit) => typeof limit === 'number') as number | undefined) ?? 2 ** 26
  const name = response.url || 'the response'
  if (!response.ok) throw new MobileOneError('network', `${name} was answered with ${response.status}`)
  const reader = response.body?.getReader()
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let bytes = 0
  try {
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
      chunks.push(next.value)
      bytes += next.value.byteLength
      if (bytes > maxBytes) break
    }
  } catch (cause) {
    throw new MobileOneError('network', `${name} cannot be read`, { cause })
  }
  if (bytes > maxBytes) {
    reader?.cancel().catch(() => {})
    throw new MobileOneError(
      'invalid-input',
      `${name} has more than the ${maxBytes} bytes allowed; raise maxBytes`,
    )
  }
  return new Blob(chunks)
}
