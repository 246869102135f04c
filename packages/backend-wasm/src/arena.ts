/** A piece of the activation memory, live from step `first` to step `last`, both included. */
export interface Buffer {
  readonly bytes: number
  readonly first: number
  last: number
  /** Byte offset in the linear memory, set by {@link placeBuffers}. */
  offset: number
}

/**
 * Give every buffer an offset of at least `base` such that no two live at one step overlap; returns the end of the
 * arena. Largest first, each at the lowest free place.
 */
export function placeBuffers(buffers: readonly Buffer[], base: number): number {
  const placed: Buffer[] = []
  let end = base
  for (const buffer of [...buffers].sort((a, b) => b.bytes - a.bytes)) {
    const alive = placed.filter((other) => other.first <= buffer.last && buffer.first <= other.last)
    let offset = base
    for (const other of alive) {
      if (offset + buffer.bytes <= other.offset) break
      offset = Math.max(offset, other.offset + other.bytes)
    }
    buffer.offset = offset
    end = Math.max(end, offset + buffer.bytes)
    placed.push(buffer)
    placed.sort((a, b) => a.offset - b.offset)
  }
  return end
}
