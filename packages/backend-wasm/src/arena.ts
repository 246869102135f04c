/** A piece of the activation memory, live from step `first` to step `last`, both included. */
export interface ArenaBuffer {
  readonly bytes: number
  first: number
  last: number
  /** Byte offset in the linear memory, which {@link placeBuffers} decides. */
  readonly offset: number
}

/** A buffer with a place of its own. */
export interface WholeBuffer extends ArenaBuffer {
  offset: number
}

/** A part of a buffer, from byte `start` on: it lives where and as long as the whole does. */
export class BufferPart implements ArenaBuffer {
  readonly bytes: number
  readonly whole: ArenaBuffer
  readonly start: number

  constructor(whole: ArenaBuffer, start: number, bytes: number) {
    this.whole = whole
    this.start = start
    this.bytes = bytes
  }
  get first(): number {
    return this.whole.first
  }
  set first(step: number) {
    this.whole.first = step
  }
  get last(): number {
    return this.whole.last
  }
  set last(step: number) {
    this.whole.last = step
  }
  get offset(): number {
    return this.whole.offset + this.start
  }
}

/** The buffer that `buffer` is a part of, or is. */
export function wholeOf(buffer: ArenaBuffer): ArenaBuffer {
  return buffer instanceof BufferPart ? wholeOf(buffer.whole) : buffer
}

/**
 * Give every buffer an offset of at least `base` such that no two live at one of the `steps` steps overlap; returns the end
 * of the arena. Largest first, each at the lowest free place. A `last` past the steps lives to the end.
 */
export function placeBuffers(buffers: readonly WholeBuffer[], steps: number, base: number): number {
  const placed = new LiveBuffers(steps)
  let end = base
  for (const buffer of [...buffers].sort((a, b) => b.bytes - a.bytes)) {
    let offset = base
    for (const other of placed.liveWith(buffer).sort((a, b) => a.offset - b.offset)) {
      if (offset + buffer.bytes <= other.offset) break
      offset = Math.max(offset, other.offset + other.bytes)
    }
    buffer.offset = offset
    end = Math.max(end, offset + buffer.bytes)
    placed.add(buffer)
  }
  return end
}

/**
 * Which buffers are live at a step, found without looking at the others: a segment tree over the steps. Node i has the
 * children 2i and 2i + 1, step s is the leaf `leaves + s`, and a node holds buffers that are live at all steps below it.
 */
class LiveBuffers {
  readonly #leaves: number
  readonly #tree: ArenaBuffer[][]
  readonly #starting: ArenaBuffer[][]

  constructor(steps: number) {
    this.#leaves = Math.max(1, steps)
    this.#tree = Array.from({ length: 2 * this.#leaves }, () => [])
    this.#starting = Array.from({ length: this.#leaves }, () => [])
  }

  add(buffer: ArenaBuffer): void {
    this.#starting[buffer.first]!.push(buffer)
    let low = this.#leaves + buffer.first
    let high = this.#leaves + this.#lastStep(buffer) + 1
    for (; low < high; low >>= 1, high >>= 1) {
      if (low & 1) this.#tree[low++]!.push(buffer)
      if (high & 1) this.#tree[--high]!.push(buffer)
    }
  }

  /** The buffers that share at least one step with `buffer`, each once. */
  liveWith(buffer: ArenaBuffer): ArenaBuffer[] {
    const found: ArenaBuffer[] = []
    for (let i = this.#leaves + buffer.first; i > 0; i >>= 1) {
      for (const other of this.#tree[i]!) found.push(other)
    }
    for (let step = buffer.first + 1; step <= this.#lastStep(buffer); step++) {
      for (const other of this.#starting[step]!) found.push(other)
    }
    return found
  }

  #lastStep(buffer: ArenaBuffer): number {
    return Math.min(buffer.last, this.#leaves - 1)
  }
}
