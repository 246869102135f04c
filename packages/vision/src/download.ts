/** Encoded images from servers: no more bytes than allowed, no longer silence than allowed, nothing that is no image. */
import { MobileOneError } from '@mobileone/core'
import { checkFormat } from './format.ts'
import { sniffedBytes } from './limits.ts'
import { checkByteCount, type DecodeSettings } from './source.ts'
import { timely } from './timely.ts'

/** Download the encoded bytes at an address. */
export async function download(address: string | URL, settings: DecodeSettings): Promise<Uint8Array> {
  const connection = new AbortController()
  try {
    const response = await timely(fetch(address, { signal: connection.signal }), settings)
    return await readResponse(response, settings)
  } catch (cause) {
    connection.abort()
    if (cause instanceof MobileOneError) throw cause
    throw new MobileOneError(
      'network',
      `${settings.name} cannot be loaded; check the address, the connection and, across origins, that the server sends CORS headers`,
      { cause },
    )
  }
}

export async function readResponse(response: Response, settings: DecodeSettings): Promise<Uint8Array> {
  const { name } = settings
  if (!response.ok) {
    throw new MobileOneError(
      'network',
      `${name}: the server answered ${response.status} ${response.statusText}`.trimEnd(),
    )
  }
  if (response.bodyUsed) {
    throw new MobileOneError('invalid-input', `${name}: the body was read before; pass response.clone()`)
  }
  const type = response.headers.get('content-type') ?? ''
  if (type.startsWith('text/html')) {
    throw new MobileOneError(
      'invalid-file',
      `${name} is an HTML page, not an image; does the server answer unknown addresses with a page?`,
    )
  }
  checkByteCount(Number(response.headers.get('content-length')), settings)
  const reader = response.body?.getReader()
  if (!reader) return new Uint8Array()
  try {
    return await readAll(reader, settings)
  } catch (cause) {
    reader.cancel().catch(() => {})
    if (cause instanceof MobileOneError) throw cause
    throw new MobileOneError('network', `${name}: the connection ended before the whole image had arrived`, {
      cause,
    })
  }
}

async function readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  settings: DecodeSettings,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await timely(reader.read(), settings)
    if (done) return joined(chunks, length)
    const before = length
    chunks.push(value)
    length += value.length
    checkByteCount(length, settings)
    if (before < sniffedBytes && length >= sniffedBytes) checkFormat(joined(chunks, length), settings)
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  if (chunks.length === 1) return chunks[0] as Uint8Array
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
