import { checkSize } from './limits.ts'
import type { Sha256 } from './platform.ts'

const firstCapacity = 2 ** 20

/**
 * Bytes as they arrive, hashed on the way. The buffer doubles towards the announced length and never trusts it: what is
 * allocated is at most twice what has been received, plus 1 MiB.
 */
export class DownloadBuffer {
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(0)
  #length = 0
  #hash: Sha256
  readonly #createHash: () => Sha256
  readonly #label: string
  readonly #maxBytes: number

  constructor(label: string, maxBytes: number, createHash: () => Sha256) {
    this.#label = label
    this.#maxBytes = maxBytes
    this.#createHash = createHash
    this.#hash = createHash()
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
    this.#hash.update(chunk)
  }

  reset(): void {
    this.#length = 0
    this.#hash = this.#createHash()
  }

  /** Ends the hash: call once, last. The bytes own their whole buffer. */
  finish(): { bytes: Uint8Array; sha256: string } {
    const bytes = this.#length === this.#buffer.length ? this.#buffer : this.#buffer.slice(0, this.#length)
    return { bytes, sha256: this.#hash.hex() }
  }
}
