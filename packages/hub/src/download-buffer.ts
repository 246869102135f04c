import { checkSize } from './limits.ts'

const firstCapacity = 2 ** 20

/**
 * Bytes as they arrive. The buffer doubles towards the announced length and never trusts it: what is
 * allocated is at most twice what has been received, plus 1 MiB.
 */
export class DownloadBuffer {
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(0)
  #length = 0
  readonly #label: string
  readonly #maxBytes: number

  constructor(label: string, maxBytes: number) {
    this.#label = label
    this.#maxBytes = maxBytes
  }

  get length(): number {
    return this.#length
  }

  /** What has been received so far: a view, valid until the next `append` or `reset`. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  /** @throws MobileOneError `invalid-file` when it would pass the size limit. */
  append(chunk: Uint8Array, total: number | undefined): void {
    const needed = this.#length + chunk.length
    checkSize(this.#label, needed, this.#maxBytes)
    if (needed > this.#buffer.length) {
      const doubled = Math.max(needed, firstCapacity, 2 * this.#buffer.length)
      const capacity = total !== undefined && total >= needed ? Math.min(doubled, total) : doubled
      const grown = new Uint8Array(capacity)
      grown.set(this.bytes)
      this.#buffer = grown
    }
    this.#buffer.set(chunk, this.#length)
    this.#length = needed
  }

  reset(): void {
    this.#length = 0
  }

  /** Everything received. The bytes own their whole buffer. */
  finish(): Uint8Array {
    return this.#length === this.#buffer.length ? this.#buffer : this.#buffer.slice(0, this.#length)
  }
}
