/** The bytes behind a base64 text of deflated (RFC 1951) data. */
export async function inflateBase64(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const deflated = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  const inflated = new Blob([deflated]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
  return new Uint8Array(await new Response(inflated).arrayBuffer())
}
