/**
 * A UUID of bytes (RFC 9562, version 8: made by rules of our own), so that the same content has the same name: four lanes
 * of 32 bits, mixed as in MurmurHash3. It names, and does not protect.
 */
export function contentId(...parts: readonly Uint8Array[]): string {
  const lanes = Uint32Array.of(0x9e3779b9, 0x243f6a88, 0xb7e15162, 0x6a09e667)
  let position = 0
  for (const part of parts) {
    const view = new DataView(part.buffer, part.byteOffset, part.byteLength)
    const whole = part.length - (part.length % 4)
    const take = (word: number): void => {
      const lane = position++ & 3
      const mixed = Math.imul(word, 0xcc9e2d51)
      const state = (lanes[lane] as number) ^ Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
      lanes[lane] = Math.imul((state << 13) | (state >>> 19), 5) + 0xe6546b64
    }
    for (let at = 0; at < whole; at += 4) take(view.getUint32(at, true))
    for (let at = whole; at < part.length; at++) take(part[at] as number)
    take(part.length)
  }
  const hex = Array.from({ length: 4 }, (_, lane) => {
    let state = (lanes[lane] as number) ^ Math.imul(lanes[(lane + 1) & 3] as number, 0x85ebca6b)
    state = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
    state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35)
    return ((state ^ (state >>> 16)) >>> 0).toString(16).padStart(8, '0')
  }).join('')
  const variant = '89ab'[Number.parseInt(hex[16] as string, 16) & 3]
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
}
