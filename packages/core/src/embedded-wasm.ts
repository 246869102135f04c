/** For packages that carry WebAssembly kernels in their JavaScript. It is not responsible for running them. */
import { inflate } from './inflate.ts'

/**
 * The bytes behind a base64 text of deflated (RFC 1951) data, also where the platform cannot inflate.
 * @throws MobileOneError `invalid-file` for damaged data.
 */
export async function inflateBase64(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const deflated = fromBase64(text)
  try {
    const inflated = new Blob([deflated]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
    return new Uint8Array(await new Response(inflated).arrayBuffer())
  } catch {
    return inflate(deflated)
  }
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const { fromBase64: native } = Uint8Array as { fromBase64?(text: string): Uint8Array<ArrayBuffer> }
  return native ? native(text) : Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}

/**
 * The same module importing its memory as shared: in (import "env" "memory" (memory 0 65536)), its only import, the flags
 * byte of the limits becomes 3 (maximum, shared) instead of 1 (maximum). A module of another form is returned as it is.
 */
export function importShared<T extends Uint8Array>(bytes: T): T {
  const entry = [...'\x03env\x06memory\x02\x01'].map((character) => character.charCodeAt(0))
  const at = bytes.findIndex((_, i) => entry.every((byte, j) => bytes[i + j] === byte))
  if (at < 0) return bytes
  const shared = bytes.slice() as T
  shared[at + entry.length - 1] = 3
  return shared
}
